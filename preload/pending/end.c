#include "end.h"

#include "../real.h"
#include "../process/own.h"
#include "../sockets/event.h"

void pending_forget(int fd)
{
    struct entry *entry = slots_empty() ? NULL : slot_find(fd);
    bool locked;

    event_disconnected(fd);
    if (!entry)
        return;
    locked = entry_lock_patiently(entry);
    event_dissolved(entry, EPIPE);
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
        event_dissolved(entry, ECONNRESET);
    }
    entry_unlock(entry);
    cancel_release(cancel);
    return cancelled;
}
