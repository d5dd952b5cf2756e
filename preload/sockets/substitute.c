#include "substitute.h"

#include "../real.h"
#include "../process/readable.h"
#include "armed.h"
#include "slot.h"

#include <sys/random.h>
#include <sys/syscall.h>

_Atomic bool substitute_ever;

static _Atomic uint32_t secret;

/* A substitute's data: a secret upper half that no pointer, descriptor or small number has, and the dial's
 * number. */
static uint64_t cookie_of(const struct entry *entry)
{
    uint32_t upper = atomic_load(&secret), drawn = 0;

    if (upper == 0) {
        if (libc()->syscall(SYS_getrandom, &drawn, sizeof drawn, GRND_NONBLOCK) != sizeof drawn)
            drawn = (uint32_t)deadline_now();
        drawn |= 0xa0000001; /* no address of this or any other half of memory begins so */
        drawn &= 0xbfffffff;
        upper = atomic_compare_exchange_strong(&secret, &upper, drawn) ? drawn : upper;
    }
    return (uint64_t)upper << 32 | atomic_load(&entry->number);
}

bool substitute_is_cookie(uint64_t data, uint32_t *number)
{
    *number = (uint32_t)data;
    return data >> 32 == atomic_load_explicit(&secret, memory_order_relaxed) && data >> 32 != 0;
}

/* The program registered fd with EPOLLEXCLUSIVE. Linux answers EINVAL to a MOD of such a registration; while
 * our substitute stands in its place only we know. It can be deleted and added. */
static int change(int set, int fd, const struct registration *was, struct epoll_event *event)
{
    if (was->events & EPOLLEXCLUSIVE) {
        real()->epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
        return real()->epoll_ctl(set, EPOLL_CTL_ADD, fd, event);
    }
    return real()->epoll_ctl(set, EPOLL_CTL_MOD, fd, event);
}

/* Errors and hang-ups are always reported, and an unconnected socket hangs up: the step finds out. */
static struct epoll_event substitute_for(const struct entry *entry, enum dial_want want)
{
    atomic_store(&substitute_ever, true);
    return (struct epoll_event){ .events = EPOLLONESHOT | (want == DIAL_WANT_READ ? EPOLLIN : EPOLLOUT),
                                 .data.u64 = cookie_of(entry) };
}

static void put_in(struct registration *record, int fd, const struct entry *entry, enum dial_want want)
{
    struct epoll_event substitute = substitute_for(entry, want);

    record->substituted = true;
    if (change(record->set - 1, fd, record, &substitute) < 0)
        record->set = 0;
}

/* Once only: each time re-arms an edge-triggered registration. */
static void put_back(struct registration *record, int fd)
{
    struct epoll_event own = { .events = record->events, .data.u64 = record->data };

    if (!record->substituted)
        return;
    record->substituted = false;
    if (change(record->set - 1, fd, record, &own) < 0)
        record->set = 0;
}

/* What fired before connect(), an unconnected socket hangs up, says nothing natively until the program arms
 * it again. */
static bool has_fired(const struct registration *record, int fd)
{
    return !record->substituted && (record->events & EPOLLONESHOT) && !armed(record->set - 1, fd);
}

bool substitute_put(int fd, const struct entry *entry, enum dial_want want)
{
    bool locked = registration_lock(), watched = false;

    for (struct registration *record = registration_first(fd); record; record = record->next)
        if (record->set && !has_fired(record, fd)) {
            put_in(record, fd, entry, want);
            watched |= record->set != 0;
        }
    registration_unlock(locked);
    return watched;
}

void substitute_take_back(int fd)
{
    bool locked = registration_lock();

    for (struct registration *record = registration_first(fd); record; record = record->next)
        if (record->set)
            put_back(record, fd);
    registration_unlock(locked);
}

void substitute_remove_everywhere(int fd)
{
    bool locked = registration_lock();

    for (const struct registration *record = registration_first(fd); record; record = record->next)
        if (record->set)
            real()->epoll_ctl(record->set - 1, EPOLL_CTL_DEL, fd, NULL);
    registration_unlock(locked);
}

static void lay_one(struct registration *record, int fd, const struct entry *entry)
{
    struct epoll_event event = { .events = record->events, .data.u64 = record->data };

    if (record->substituted)
        event = substitute_for(entry, (enum dial_want)atomic_load(&entry->want));
    if (real()->epoll_ctl(record->set - 1, EPOLL_CTL_ADD, fd, &event) < 0)
        record->set = 0;
}

void substitute_add_again(int fd, const struct entry *entry)
{
    bool locked = registration_lock();

    for (struct registration *record = registration_first(fd); record; record = record->next)
        if (record->set)
            lay_one(record, fd, entry);
    registration_unlock(locked);
}

/* Where both are registered in a set the second one is enough. */
static void move_one(const struct registration *record, int from, int to, const struct entry *entry)
{
    int set = record->set - 1;
    struct registration *moved = registration_in(registration_first(to), set);

    real()->epoll_ctl(set, EPOLL_CTL_DEL, from, NULL);
    if (moved || !(moved = registration_make(to, set)))
        return;
    *moved = (struct registration){ .set = set + 1,
                                    .events = record->events,
                                    .substituted = true,
                                    .data = record->data,
                                    .next = moved->next };
    lay_one(moved, to, entry);
}

void substitute_move(int from, int to, const struct entry *entry)
{
    bool locked = registration_lock();

    for (const struct registration *record = registration_first(from); record; record = record->next)
        if (record->set)
            move_one(record, from, to, entry);
    registration_unlock(locked);
}

/* For a pending descriptor the kernel gets the program's registration first, so that it judges the arguments
 * and the answer is its own; the substitute follows before the call returns. */
int substitute_control(int set, int operation, int fd, struct epoll_event *event)
{
    struct entry *entry = slots_empty() ? NULL : slot_find(fd);
    bool pending = entry && atomic_load(&entry->state) == ENTRY_PENDING;
    struct epoll_event substitute = { .events = EPOLLONESHOT };

    if (pending && event && operation != EPOLL_CTL_DEL && readable(event, sizeof *event) &&
        !(event->events & EPOLLEXCLUSIVE)) {
        substitute.data.u64 = cookie_of(entry);
        substitute.events |=
            EPOLLOUT; /* of an established socket too: it wakes whoever slept before it was added */
        atomic_store(&substitute_ever, true);
        if (operation == EPOLL_CTL_MOD && registration_is_exclusive(set, fd))
            return -EINVAL;
        if (real()->epoll_ctl(set, operation, fd, &substitute) < 0)
            return -errno;
        registration_remember(set, fd, event, true);
        /* It may have ended in another thread, which did not know this set. */
        if (atomic_load(&entry->state) != ENTRY_PENDING)
            substitute_take_back(fd);
        return 0;
    }
    if (real()->epoll_ctl(set, operation, fd, event) < 0)
        return -errno;
    registration_remember(set, fd, operation == EPOLL_CTL_DEL ? NULL : event, false);
    if (pending && operation != EPOLL_CTL_DEL) {
        substitute_put(fd, entry, atomic_load(&entry->want));
    }
    return 0;
}
