#include "step.h"

#include "../real.h"
#include "../process/identity.h"
#include "../process/own.h"
#include "../sockets/bound.h"
#include "../sockets/event.h"
#include "../sockets/socket.h"
#include "../sockets/substitute.h"
#include "../sockets/twin.h"

#include <netinet/in.h>

enum { SLICE = 100 }; /* ms */

static _Atomic int64_t earliest = INT64_MAX; /* no pending dial's deadline is before it */
static _Atomic int expiring;                 /* threads that are finding out anew which one it is */

/* Without the lock another thread may be replacing the socket, and knows better. */
void pending_adopt(int fd, struct entry *entry)
{
    uint64_t none = 0, cookie = socket_cookie(fd);

    atomic_compare_exchange_strong(&entry->cookie, &none, cookie);
}

static void substitute_one(int fd, struct entry *entry, void *data)
{
    (void)data;
    substitute_put(fd, entry, (enum dial_want)atomic_load(&entry->want));
}

/* A failed non-blocking connect(), played by the kernel itself: nobody can listen on port 0. It has all event
 * bits, one error for whoever reads first, ECONNABORTED once, EPIPE. */
static void play_failure(int fd, struct entry *entry)
{
    if (!pending_hold_stuck(fd, entry))
        socket_fail(fd, entry->dial.family);
}

/* Before Linux 6.1, and in some between 6.4 and 6.6, AF_UNSPEC is EBUSY while a thread sleeps in a call on the socket. What
 * is connected is shut down, so that no byte goes to the proxy; what is still being made the kernel gives up soon. The entry
 * answers. */
bool pending_hold_stuck(int fd, struct entry *entry)
{
    bool stuck = dial_disconnect(&entry->dial) == -EBUSY;

    atomic_store(&entry->stuck, stuck);
    if (stuck) {
        real()->shutdown(fd, SHUT_RDWR);
        bound_put(entry, fd, (struct deadline){ 0 });
    }
    return stuck;
}

static void settle(int fd, struct entry *entry, enum dial_want result)
{
    struct dial *dial = &entry->dial;

    twin_end(entry, result == DIAL_FAILED ? dial->error : 0);
    if (result == DIAL_FAILED) {
        play_failure(fd, entry);
        event_failed(entry, dial->error);
    } else if (result == DIAL_OPEN) {
        event_opened(entry);
    } else {
        event_direct(entry, dial->error);
    }
}

static void note_earliest(int64_t at)
{
    int64_t before = atomic_load(&earliest);

    while (at < before && !atomic_compare_exchange_weak(&earliest, &before, at))
        ;
}

static void note_deadline(struct entry *entry)
{
    int64_t at = dial_deadline(&entry->dial).at;

    atomic_store(&entry->deadline, at);
    note_earliest(at);
}

static void publish(struct entry *entry, enum dial_want want, bool fired)
{
    bool changed = atomic_exchange(&entry->want, (int)want) != (int)want;

    note_deadline(entry);
    if (changed || fired)
        slot_each_of(entry, substitute_one, NULL);
}

static bool settle_or_publish(int fd, struct entry *entry, enum dial_want result, bool fired)
{
    bool ended = result != DIAL_WANT_READ && result != DIAL_WANT_WRITE;

    if (ended || result == DIAL_WANT_READ) /* the connection was made, or given up */
        bound_take_back(entry, fd);
    if (ended)
        settle(fd, entry, result);
    else
        publish(entry, result, fired);
    return ended;
}

bool pending_settle(int fd, struct entry *entry, enum dial_want result)
{
    return settle_or_publish(fd, entry, result, false);
}

/* fork(2) copies memory and descriptors one after the other: a child can have the slot of a connect() that
 * another thread had just begun, and not its descriptor. Such an entry is inherited, and has no cookie yet. */
static bool is_recycled(int fd, const struct entry *entry)
{
    return entry->cookie != 0 ? socket_cookie(fd) != entry->cookie : entry_is_inherited(entry);
}

static void discard(int fd, const struct entry *entry)
{
    if (entry_is_here(entry))
        event_recycled(fd);
}

bool pending_was_recycled(int fd, struct entry *entry)
{
    bool locked, was;

    if (!is_recycled(fd, entry))
        return false;
    locked = entry_lock_patiently(entry); /* the dial itself may have been replacing the socket */
    was = slot_find(fd) != entry || is_recycled(fd, entry);
    if (was && slot_find(fd) == entry)
        discard(fd, entry);
    if (locked)
        entry_unlock(entry);
    return was;
}

/* With the lock. A slot is taken down under the lock too, before its descriptor is closed: one that still has
 * the entry is the socket's. */
static bool step_locked(int fd, struct entry *entry, bool fired)
{
    bool ended = true;

    if (slot_find(fd) != entry) {
        ended = true;
    } else if (atomic_load(&entry->state) != ENTRY_PENDING) {
        substitute_take_back(fd, entry); /* another process ended it, and knows not of all our sets */
    } else if (is_recycled(fd, entry)) {
        discard(fd, entry);
    } else {
        entry->dial.fd = fd; /* the number that this process knows it by */
        atomic_store(&entry->descriptor, fd);
        ended = settle_or_publish(fd, entry, dial_step(&entry->dial), fired);
    }
    entry_unlock(entry);
    return ended;
}

bool pending_step(int fd, struct entry *entry)
{
    struct own own;
    bool ended;

    own_begin(&own);
    ended = entry_lock(entry) && step_locked(fd, entry, false);
    own_end(&own);
    return ended;
}

bool pending_step_fired(int fd, struct entry *entry)
{
    struct own own;
    bool ended = false;

    own_begin(&own);
    if (entry_lock_patiently(entry))
        ended = step_locked(fd, entry, true);
    else if (!substitute_put(fd, entry, (enum dial_want)atomic_load(&entry->want)) &&
             atomic_load(&entry->state) != ENTRY_PENDING)
        substitute_take_back(fd, entry); /* it ends in another process, which knows not of all our sets */
    own_end(&own);
    return ended;
}

/* It was ended by a process that shares the socket and knows nothing of our table, or is being ended by
 * another thread. */
static void clear_up(int fd, struct entry *entry)
{
    struct own own;

    own_begin(&own);
    if (!entry_lock_patiently(entry)) {
        own_end(&own);
        return;
    }
    if (slot_find(fd) == entry && atomic_load(&entry->state) != ENTRY_PENDING &&
        atomic_load(&entry->state) != ENTRY_FAILED) {
        event_overtaken(fd, entry);
    }
    entry_unlock(entry);
    own_end(&own);
}

struct entry *pending_find(int fd)
{
    struct entry *entry = slot_find(fd);
    bool here = !entry || !identity_is_apart() || entry_is_here(entry);
    int state = entry ? atomic_load(&entry->state) : ENTRY_FREE;

    if (state == ENTRY_PENDING || state == ENTRY_FAILED)
        return here ? entry : NULL;
    if (entry && here)
        clear_up(fd, entry);
    return NULL;
}

/* It was ended by another process, which knows not of all our sets: what the program registered there is its own again. If
 * it was ended here, it is already. */
static void end_here(int fd, struct entry *entry)
{
    struct own own;

    own_begin(&own);
    substitute_take_back(fd, entry);
    own_end(&own);
}

static void expire_one(int fd, struct entry *entry, void *data)
{
    int64_t *least = data;

    if (atomic_load(&entry->state) != ENTRY_PENDING) {
        end_here(fd, entry);
        return;
    }
    if (deadline_passed((struct deadline){ atomic_load(&entry->deadline) }) && pending_step(fd, entry))
        return;
    if (atomic_load(&entry->deadline) < *least)
        *least = atomic_load(&entry->deadline);
}

void pending_expire(void)
{
    int64_t least = INT64_MAX;

    if (!deadline_passed((struct deadline){ atomic_load(&earliest) }))
        return;
    atomic_fetch_add(&expiring, 1);
    atomic_store(&earliest, INT64_MAX); /* what a dial notes from here on counts; those before are visited */
    slot_each(expire_one, &least);
    note_earliest(least);
    atomic_fetch_sub(&expiring, 1);
}

struct deadline pending_deadline(void)
{
    if (slots_empty())
        return deadline_never();
    if (atomic_load(&expiring) > 0)
        return deadline_in(SLICE);
    return (struct deadline){ atomic_load(&earliest) };
}

struct bell {
    bool again, rung;
};

static void ring_one(int fd, struct entry *entry, void *data)
{
    struct bell *bell = data;

    if (bell->rung || atomic_load(&entry->state) != ENTRY_PENDING ||
        atomic_load(&entry->want) != DIAL_WANT_READ || (atomic_load(&entry->rung) && !bell->again))
        return;
    bell->rung = substitute_put(fd, entry, DIAL_WANT_WRITE);
    atomic_store(&entry->rung, true);
}

void pending_ring(bool again)
{
    struct bell bell = { .again = again };
    struct own own;

    own_begin(&own);
    slot_each(ring_one, &bell);
    own_end(&own);
}

struct in_set {
    int set;
    bool step, found;
};

static void visit_set(int fd, struct entry *entry, void *data)
{
    struct in_set *in = data;

    if (!registration_exists(in->set, fd))
        return;
    if (atomic_load(&entry->state) != ENTRY_PENDING) {
        end_here(fd, entry);
        return;
    }
    in->found = true;
    if (in->step)
        pending_step_fired(fd, entry);
}

static void visit_all(struct in_set *in)
{
    if (!substitute_ever() || !registration_is_set(in->set))
        return;
    substitute_use_set(in->set);
    slot_each(visit_set, in);
}

bool pending_in_set(int set)
{
    struct in_set in = { .set = set };

    visit_all(&in);
    return in.found;
}

void pending_step_set(int set)
{
    struct in_set in = { .set = set, .step = true };

    visit_all(&in);
}
