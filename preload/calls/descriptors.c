#include "descriptors.h"

#include "../real.h"
#include "../pending/wait.h"
#include "../process/identity.h"
#include "../pending/replace.h"
#include "../sockets/event.h"
#include "../sockets/tally.h"
#include "rights.h"
#include "../sockets/socket.h"

#include <fcntl.h>

static bool known(int fd)
{
    return (!slots_empty() && slot_find(fd)) || (!peers_empty() && peer_known(fd)) || tally_known(fd);
}

/* A child of vfork(2), or a thread with a table of its own, does as it likes with its own descriptors. */
static bool is_others(int fd)
{
    const struct entry *entry = slots_empty() ? NULL : slot_find(fd);

    return identity_is_borrowed() || (entry && !entry_is_here(entry));
}

static bool hears_of_close(int fd)
{
    return (slot_find(fd) || tally_known(fd)) && !is_others(fd);
}

void descriptors_before_close(int fd)
{
    KEEP_ERRNO;

    if (hears_of_close(fd))
        event_closing(fd);
}

void descriptors_before_close_range(unsigned first, unsigned last)
{
    KEEP_ERRNO;

    if (!identity_is_borrowed()) {
        unsigned end = last < FD_MAP_NUMBERS ? last : FD_MAP_NUMBERS - 1;

        for (unsigned fd = first; fd <= end && !slots_close_idle(); fd++)
            if (hears_of_close((int)fd))
                event_closing((int)fd);
    }
}

static bool is_open(int fd)
{
    return real()->fcntl(fd, F_GETFD) >= 0 || errno != EBADF;
}

void descriptors_before_replace(int from, int to)
{
    KEEP_ERRNO;

    if (from != to && known(to) && is_open(from) && !is_others(to))
        event_closing(to);
}

void descriptors_duplicated(int from, int to)
{
    KEEP_ERRNO;

    if (from != to && to >= 0 && !is_others(from) && !is_others(to)) {
        if (!slots_empty())
            pending_find(from); /* it may have ended in other hands */
        event_duplicated(from, to);
    }
}

static void finish_inherited(int fd, struct entry *entry, void *data)
{
    (void)data;
    if (atomic_load(&entry->state) == ENTRY_PENDING && !entry_is_inherited(entry) && socket_survives_exec(fd))
        pending_finish(fd);
}

void descriptors_before_exec(void)
{
    KEEP_ERRNO;

    if (!slots_empty() && !identity_is_borrowed())
        slot_each(finish_inherited, NULL);
    descriptors_before_child(false);
}

void descriptors_before_child(bool all)
{
    if (!peers_empty())
        peer_hand_over_to_child(all);
}

static bool receive(int fd, void *data)
{
    (void)data;
    event_received(fd);
    return true;
}

void descriptors_received(const struct msghdr *message)
{
    rights_each(message, receive, NULL);
}
