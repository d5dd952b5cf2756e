#include "bound.h"

#include <netinet/tcp.h>

_Atomic bool bound_refused;

void bound_put(struct entry *entry, int fd, struct deadline end)
{
    int milliseconds = deadline_left(end), own = 0;
    socklen_t size = sizeof own;

    if (milliseconds < 0)
        return;
    if (milliseconds == 0)
        milliseconds = 1; /* 0 would be the kernel's own time-out */
    if (!atomic_load(&entry->bounded)) {
        if (real()->getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &own, &size) < 0) {
            atomic_store(&bound_refused, true);
            return;
        }
        atomic_store(&entry->user_timeout, own);
    }
    if (real()->setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds) == 0)
        atomic_store(&entry->bounded, true);
}

void bound_take_back(struct entry *entry, int fd)
{
    int own = atomic_load(&entry->user_timeout);

    if (atomic_exchange(&entry->bounded, false))
        real()->setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &own, sizeof own);
}
