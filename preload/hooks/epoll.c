#include "../sockets/slot.h"
#include "../ready/ready.h"
#include "../sockets/substitute.h"
#include "../real.h"

#include <limits.h>

/* epoll_ctl(2): what the program registers is remembered, since it may connect the descriptor later. */
EXPORT int epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
    return libc_result(substitute_control(set, operation, fd, event));
}

/* For a wait that began when nothing had ever been pending. Cookies that another thread's first connect() has
 * put into the set since then are taken out. If no event is left the wait begins anew, with its whole time:
 * the clock was not read at its beginning. */
static inline int filtered(int set, struct epoll_event *events, int most, int count, int milliseconds,
                           const sigset_t *mask)
{
    int kept;

    if (__builtin_expect(count <= 0 || !substitute_ever(), 1))
        return count;
    kept = ready_take_cookies(set, events, count);
    return kept > 0 ? kept : libc_result(ready_epoll(set, events, most, deadline_in(milliseconds), mask));
}

static inline bool no_cookies(void)
{
    return __builtin_expect(!substitute_ever(), 1);
}

static __attribute__((noinline)) int wait_with_cookies(int set, struct epoll_event *events, int most,
                                                       int milliseconds)
{
    if (no_cookies())
        return filtered(set, events, most, real()->epoll_wait(set, events, most, milliseconds), milliseconds,
                        NULL);
    return libc_result(ready_epoll(set, events, most, deadline_in(milliseconds), NULL));
}

static __attribute__((noinline)) int look_through(int set, struct epoll_event *events, int most, int count,
                                                  int milliseconds)
{
    return filtered(set, events, most, count, milliseconds, NULL);
}

/* The call that event loops make most. What it was asked is kept in memory, to be looked at in the rare case:
 * registers would have to be saved for it each time. */
EXPORT int epoll_wait(int set, struct epoll_event *events, int most, int milliseconds)
{
    volatile int asked_set = set, asked_most = most, asked_milliseconds = milliseconds;
    struct epoll_event *volatile asked_events = events;
    int count;

    if (!no_cookies() || !slots_idle())
        return wait_with_cookies(set, events, most, milliseconds);
    count = real()->epoll_wait(set, events, most, milliseconds);
    if (__builtin_expect(count <= 0, 1))
        return count;
    return look_through(asked_set, asked_events, asked_most, count, asked_milliseconds);
}

EXPORT int epoll_pwait(int set, struct epoll_event *events, int most, int milliseconds, const sigset_t *mask)
{
    if (no_cookies())
        return filtered(set, events, most, real()->epoll_pwait(set, events, most, milliseconds, mask),
                        milliseconds, mask);
    return libc_result(ready_epoll(set, events, most, deadline_in(milliseconds), mask));
}

/* Of a time that the kernel took. */
static int milliseconds_of(const struct timespec *time)
{
    if (!time || time->tv_sec >= INT_MAX / 1000)
        return -1;
    return (int)(time->tv_sec * 1000 + time->tv_nsec / 1000000);
}

/* Before Linux 5.11 there is no such call, and then there is none for sets with cookies either. No room is EINVAL. */
static bool kernel_has_pwait2(int set)
{
    KEEP_ERRNO;
    static _Atomic int has; /* -1: no; 0: not asked yet */
    struct epoll_event none;

    if (atomic_load(&has) == 0)
        atomic_store(&has, real()->epoll_pwait2(set, &none, 0, NULL, NULL) < 0 && errno == ENOSYS ? -1 : 1);
    return atomic_load(&has) > 0;
}

EXPORT int epoll_pwait2(int set, struct epoll_event *events, int most, const struct timespec *time,
                        const sigset_t *mask)
{
    struct deadline end;

    if (no_cookies()) {
        int count = real()->epoll_pwait2(set, events, most, time, mask);

        return count <= 0 ? count : filtered(set, events, most, count, milliseconds_of(time), mask);
    }
    if (!kernel_has_pwait2(set) || !ready_until(&end, time))
        return real()->epoll_pwait2(set, events, most, time, mask);
    return libc_result(ready_epoll(set, events, most, end, mask));
}
