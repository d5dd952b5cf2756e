#include "keeper.h"
#include "ready.h"

#include "../real.h"
#include "../pending/step.h"
#include "../process/own.h"
#include "../sockets/bound.h"
#include "../sockets/substitute.h"

enum { SLICE = 200, LOOK = 1000 }; /* milliseconds */

/* The number that this process knows the entry's socket by; -1: none any more. */
static int descriptor_of(struct entry *entry)
{
    int fd = atomic_load(&entry->descriptor);

    return slot_find(fd) == entry ? fd : slot_of_entry(entry);
}

/* The substitute of one dial fired: one-shot, so it is set again unless the dial has ended. */
static void step_cookie(uint32_t number)
{
    struct entry *entry = entry_by_number(number);
    int fd = entry ? descriptor_of(entry) : -1;

    if (fd < 0)
        return; /* the dial has ended meanwhile: the program's registration is back already */
    pending_step_fired(fd, entry);
}

/* Whether the event is that of a set inside this set, which was ready for cookies alone: its dials are
 * stepped, and if it is not ready then the program should not see it. */
static bool is_inner_echo(int set, const struct epoll_event *event)
{
    struct pollfd inner = { .events = POLLIN };

    if (!atomic_load(&registration_nested) || slots_empty())
        return false;
    inner.fd = registration_descriptor(set, event->data.u64);
    if (!pending_in_set(inner.fd))
        return false;
    pending_step_set(inner.fd);
    return libc()->poll(&inner, 1, 0) == 0;
}

int ready_take_cookies(int set, struct epoll_event *events, int count)
{
    int kept = 0;
    uint32_t number;

    for (int i = 0; i < count; i++) {
        if (substitute_is_cookie(events[i].data.u64, &number))
            step_cookie(number);
        else if (!is_inner_echo(set, &events[i]))
            events[kept++] = events[i];
    }
    return kept;
}

/* Steps what fired, or all dials of the set. Returns how many events are the program's; *interrupted: there are none,
 * and a signal came meanwhile that would have ended the wait. */
static int work(int set, struct epoll_event *events, int count, bool all, const sigset_t *mask,
                bool *interrupted)
{
    struct own own;
    int kept;

    own_begin(&own);
    if (all)
        pending_step_set(set);
    kept = ready_take_cookies(set, events, count);
    *interrupted = kept == 0 && own_signal(&own, mask) != OWN_NONE;
    own_end(&own);
    return kept;
}

/* What another thread ends is put back by EPOLL_CTL_MOD, and that wakes whoever waits. Slices
 * are here for what the set does not tell: SO_RCVLOWAT hides a short reply, and a forked process
 * may have ended the dial. */
static int epoll_translated(int set, struct epoll_event *events, int most, struct deadline end,
                            const sigset_t *mask)
{
    for (;;) {
        bool last = deadline_passed(end), interrupted;
        struct deadline slice;
        int count, kept;

        pending_expire();
        slice = pending_deadline();
        if (slice.at != deadline_never().at)
            slice = deadline_earlier(slice, deadline_in(SLICE));
        count = libc()->epoll_pwait(set, events, most, deadline_left(deadline_earlier(end, slice)), mask);
        if (count < 0)
            return -errno;
        kept = work(set, events, count, count == 0 && deadline_passed(slice), mask, &interrupted);
        if (kept > 0 || (count == 0 && last))
            return kept;
        if (interrupted)
            return -EINTR;
    }
}

/* Nothing is pending: one wait, for what the program waits for or another thread's first cookie. True: that was
 * all, *result is for the program. A socket that the kernel does not bound for us (MPTCP) may be connected meanwhile:
 * then somebody has to look. */
static bool wait_untranslated(int set, struct epoll_event *events, int most, struct deadline end,
                              const sigset_t *mask, int *result)
{
    struct deadline look = atomic_load(&bound_refused) ? deadline_in(LOOK) : deadline_never();

    keeper_sleep();
    *result = real()->epoll_pwait(set, events, most, deadline_left(deadline_earlier(end, look)), mask);
    keeper_wake();
    if (*result < 0)
        *result = -errno;
    if (*result <= 0)
        return *result < 0 || deadline_passed(end);
    *result = ready_take_cookies(set, events, *result);
    return *result > 0;
}

int ready_epoll(int set, struct epoll_event *events, int most, struct deadline end, const sigset_t *mask)
{
    int result;

    substitute_use_set(set);
    while (pending_deadline().at == deadline_never().at) {
        if (wait_untranslated(set, events, most, end, mask, &result))
            return result;
        if (!slots_empty())
            break;
    }
    keeper_begin();
    result = epoll_translated(set, events, most, end, mask);
    keeper_end();
    return result;
}
