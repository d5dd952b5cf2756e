#include "event.h"

#include "duplicates.h"
#include "original.h"
#include "peek.h"
#include "peer.h"
#include "slot.h"
#include "substitute.h"
#include "tally.h"

/*  event                     entry           registrations        peer                original      tally
 *  closing                   drop            move, or forget      forget              (cookie)      say
 *  duplicated                share           forget               copy or forget      copy          copy
 *  recycled                  drop            forget               forget              (cookie)      (cookie)
 *  received                  (cookie)        (refused)            forget, look up     (cookie)      (cookie)
 *  opened                    OPEN, drop all  put back             set, each duplicate -             begin, each duplicate
 *  direct                    DIRECT, drop all put back            set, each duplicate -             -
 *  failed                    FAILED          put back             forget all          put back      -
 *  dissolved                 DIRECT, drop all put back            forget all          undone later  forget all
 *  untouched                 DIRECT, drop all put back            -                   -             -
 *  disconnected              -               -                    forget all          undone later  forget all
 *  overtaken                 drop            put back             set if it is open   -             -
 *
 * "All" are the descriptors of this process that have the entry, or are known duplicates. (cookie): a record is believed
 * only of the socket that it was made for. (refused): one that does not fit is, by the kernel, when it is to be changed. A socket that was replaced is put back by the dial itself, see
 * pending/replace.h. An entry's state changes before the registrations are put back: see substitute.c, control(). */

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
void event_closing(int fd)
{
    struct entry *entry = slots_empty() ? NULL : slot_find(fd);
    struct other other = { .entry = entry, .than = fd, .fd = -1 };
    bool locked;

    tally_end(fd);
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

void event_duplicated(int from, int to)
{
    struct entry *entry = slots_empty() ? NULL : slot_find(from);

    registration_forget(to);
    if (entry)
        slot_share(to, entry);
    if (!peers_empty())
        peer_copy(from, to);
    if (original_any())
        original_copy(from, to);
    tally_share(from, to);
}

void event_recycled(int fd)
{
    registration_forget(fd);
    peer_forget(fd);
    slot_drop(fd);
}

void event_received(int fd)
{
    peer_received(fd);
}

static void put_back_one(int fd, struct entry *entry, void *data)
{
    (void)data;
    substitute_take_back(fd, entry);
}

static void end(struct entry *entry, enum entry_state state)
{
    peek_end(entry, entry->dial.fd);
    atomic_store(&entry->state, (int)state);
    slot_each_of(entry, put_back_one, NULL);
    if (state != ENTRY_FAILED)
        slot_drop_all(entry);
}

static void record_peer(int fd, struct entry *entry, void *data)
{
    const struct dial *dial = &entry->dial;

    (void)data;
    peer_set(fd, &(struct peer){ .target = entry->asked,
                                 .proxy = { .ip = dial->reached, .port = dial->reached_port },
                                 .direct = dial->candidate < 0,
                                 .zero_due = !atomic_load(&entry->zero_given),
                                 .cookie = atomic_load(&entry->cookie) });
}

static void forget_peer(int fd, struct entry *entry, void *data)
{
    (void)entry;
    (void)data;
    peer_forget(fd);
    tally_forget(fd);
}

static void begin_tally(int fd, struct entry *entry, void *data)
{
    (void)data;
    tally_begin(fd, entry->dial.authority);
}

void event_opened(struct entry *entry)
{
    entry->error = 0;
    slot_each_of(entry, record_peer, NULL);
    slot_each_of(entry, begin_tally, NULL);
    end(entry, ENTRY_OPEN);
}

void event_failed(struct entry *entry, int error)
{
    entry->error = error;
    slot_each_of(entry, forget_peer, NULL);
    atomic_store(&entry->unread, true);
    end(entry, ENTRY_FAILED);
}

void event_dissolved(struct entry *entry, int error)
{
    entry->error = error;
    slot_each_of(entry, forget_peer, NULL);
    end(entry, ENTRY_DIRECT);
}

void event_direct(struct entry *entry, int error)
{
    entry->error = error;
    slot_each_of(entry, record_peer, NULL);
    end(entry, ENTRY_DIRECT);
}

void event_untouched(struct entry *entry, int error)
{
    entry->error = error;
    end(entry, ENTRY_DIRECT);
}

static void forget_duplicate(int fd, void *data)
{
    (void)data;
    peer_forget(fd);
    tally_forget(fd);
}

void event_disconnected(int fd)
{
    if (!peers_empty() && peer_known(fd))
        duplicates_each(fd, forget_duplicate, NULL);
}

void event_overtaken(int fd, struct entry *entry)
{
    if (atomic_load(&entry->state) == ENTRY_OPEN)
        record_peer(fd, entry, NULL);
    substitute_take_back(fd, entry);
    slot_drop(fd);
}
