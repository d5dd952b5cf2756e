#include "peek.h"

_Atomic bool peek_ever;

static bool set(int fd, int offset)
{
    return real()->setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) == 0;
}

void peek_begin(struct entry *entry, int fd)
{
    int offset = -1;
    socklen_t size = sizeof offset;

    if (atomic_load(&peek_ever) && real()->getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, &size) == 0 &&
        offset >= 0 && set(fd, -1))
        atomic_store(&entry->peek_offset, offset);
}

void peek_end(struct entry *entry, int fd)
{
    int offset = atomic_exchange(&entry->peek_offset, -1);

    if (offset >= 0)
        set(fd, offset);
}
