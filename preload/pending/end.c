#include "end.h"

#include "../real.h"
#include "../process/own.h"
#include "../sockets/peer.h"
#include "../sockets/substitute.h"

void pending_forget(int fd)
{
    struct entry *entry = slots_empty() ? NULL : slot_find(fd);
    bool locked;

    if (!peers_empty())
        peer_forget(fd);
    if (!entry)
        return;
    locked = entry_lock_patiently(entry);
    if (locked && atomic_load(&entry->state) == ENTRY_PENDING) {
        entry->error = EPIPE; /* for a thread that waits in connect() */
        atomic_store(&entry->state, ENTRY_DIRECT);
    }
    pending_restore(fd, entry);
    slot_drop_all(entry);
    if (locked)
        entry_unlock(entry);
}

struct other {
    const struct entry *entry;
    int than, fd;
};

static void note_other(int fd, struct entry *entry, void *data)
{
    struct other *other = data;

    if (entry == other->entry && fd != other->than)
        other->fd = fd;
}

/* The kernel drops registrations with the last descriptor of a socket. If that is in another process, it goes
 * on with the dial and the substitutes. If it is a duplicate in this one, what is registered here stays in
 * the set where nobody can reach it any more: so it is registered by the duplicate's number instead, and the
 * program, which goes by the data, does not see the difference. */
void pending_close(int fd)
{
    struct entry *entry = slots_empty() ? NULL : slot_find(fd);
    struct other other = { .entry = entry, .than = fd, .fd = -1 };
    bool locked;

    if (!peers_empty())
        peer_forget(fd);
    if (!entry)
        return;
    locked = entry_lock_patiently(entry);
    if (atomic_load(&entry->slots) > 1 && atomic_load(&entry->state) == ENTRY_PENDING)
        slot_each(note_other, &other);
    if (other.fd >= 0)
        substitute_move(fd, other.fd, entry);
    registration_forget(fd);
    if (slot_find(fd) == entry)
        slot_drop(fd);
    if (locked)
        entry_unlock(entry);
}

bool pending_cancel(int fd)
{
    struct entry *entry = pending_find(fd);
    int cancel;
    bool cancelled = false;

    if (!entry || !entry_lock_patiently(entry))
        return false;
    cancel = cancel_hold();
    if (atomic_load(&entry->state) == ENTRY_PENDING && slot_find(fd) == entry) {
        entry->dial.fd = fd;
        entry->dial.must_disconnect = true;
        cancelled = dial_disconnect(&entry->dial) == 0;
        entry->error = ECONNRESET;
        pending_restore(fd, entry);
        atomic_store(&entry->state, ENTRY_DIRECT);
        slot_drop_all(entry);
    }
    entry_unlock(entry);
    cancel_release(cancel);
    return cancelled;
}
