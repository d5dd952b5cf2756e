#include "../sockets/slot.h"
#include "../ready/ready.h"
#include "../sockets/substitute.h"
#include "../real.h"

#include <sys/time.h>

/* glibc declares the fortified forms only for programs that use them. */
int __poll_chk(struct pollfd *fds, nfds_t count, int milliseconds, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *time, const sigset_t *mask,
                size_t room);

/* A wait without end that began when nothing was pending. What ended it may be an epoll set in which another
 * thread's dial has something to do: then it goes on, translated. */
static __attribute__((noinline)) int poll_asleep(struct pollfd *fds, nfds_t count, const sigset_t *mask)
{
    int result = real()->ppoll(fds, count, NULL, mask);

    if (result <= 0 || !substitute_ever() || slots_empty() || !ready_poll_concerned(fds, count))
        return result;
    return libc_result(ready_poll(fds, count, deadline_never(), mask));
}

static __attribute__((noinline)) int poll_translated(struct pollfd *fds, nfds_t count, int milliseconds)
{
    if (slots_empty() && milliseconds < 0)
        return poll_asleep(fds, count, NULL);
    if (slots_empty() || !ready_poll_concerned(fds, count))
        return real()->poll(fds, count, milliseconds);
    return libc_result(ready_poll(fds, count, deadline_in(milliseconds), NULL));
}

/* poll(2): a pending descriptor is ready when its tunnel is. */
EXPORT int poll(struct pollfd *fds, nfds_t count, int milliseconds)
{
    if (slots_idle() && milliseconds >= 0)
        return real()->poll(fds, count, milliseconds);
    return poll_translated(fds, count, milliseconds);
}

EXPORT int __poll(struct pollfd *fds, nfds_t count, int milliseconds) __attribute__((alias("poll")));

EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int milliseconds, size_t room)
{
    if (slots_empty() || count > room / sizeof *fds || !ready_poll_concerned(fds, count))
        return real()->__poll_chk(fds, count, milliseconds, room);
    return libc_result(ready_poll(fds, count, deadline_in(milliseconds), NULL));
}

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time, const sigset_t *mask)
{
    struct deadline end;

    if (slots_empty() && !time)
        return poll_asleep(fds, count, mask);
    if (slots_empty() || !ready_poll_concerned(fds, count) || !ready_until(&end, time))
        return real()->ppoll(fds, count, time, mask);
    return libc_result(ready_poll(fds, count, end, mask));
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *time, const sigset_t *mask,
                       size_t room)
{
    struct deadline end;

    if (slots_empty() || count > room / sizeof *fds || !ready_poll_concerned(fds, count) ||
        !ready_until(&end, time))
        return real()->__ppoll_chk(fds, count, time, mask, room);
    return libc_result(ready_poll(fds, count, end, mask));
}

/* Linux writes the time that is left, and glibc hands it on; musl does not. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

static void write_left(struct timeval *time, struct deadline end)
{
    int64_t left = end.at - deadline_now();

    if (left < 0)
        left = 0;
    *time = (struct timeval){ left / 1000000000, left % 1000000000 / 1000 };
}

static __attribute__((noinline)) int select_translated(int count, fd_set *reads, fd_set *writes,
                                                       fd_set *excepts, struct timeval *time)
{
    struct timespec copy = { 0 };
    struct deadline end;
    int result;

    if (slots_empty() || !ready_select_concerned(&count, reads, writes, excepts))
        return real()->select(count, reads, writes, excepts, time);
    if (time) /* tv_usec above 999,999 counts as whole seconds, as in the kernel */
        copy = (struct timespec){ time->tv_sec + time->tv_usec / 1000000, time->tv_usec % 1000000 * 1000 };
    if (!ready_until(&end, time ? &copy : NULL))
        return real()->select(count, reads, writes, excepts, time);
    result = ready_select(count, reads, writes, excepts, end, NULL);
    if (time && gnu_get_libc_version)
        write_left(time, end);
    return libc_result(result);
}

/* A wait without end that began when nothing was pending is left as it is: what wakes it, a set in which another
 * thread's dial has something to do, is shown as ready, and the next wait is translated. To put the question again
 * would take copies of the sets. */
EXPORT int select(int count, fd_set *reads, fd_set *writes, fd_set *excepts, struct timeval *time)
{
    if (slots_idle())
        return real()->select(count, reads, writes, excepts, time);
    return select_translated(count, reads, writes, excepts, time);
}

EXPORT int __select(int count, fd_set *reads, fd_set *writes, fd_set *excepts, struct timeval *time)
    __attribute__((alias("select")));

EXPORT int pselect(int count, fd_set *reads, fd_set *writes, fd_set *excepts, const struct timespec *time,
                   const sigset_t *mask)
{
    struct deadline end;

    if (slots_empty() || !ready_select_concerned(&count, reads, writes, excepts) || !ready_until(&end, time))
        return real()->pselect(count, reads, writes, excepts, time, mask);
    return libc_result(ready_select(count, reads, writes, excepts, end, mask));
}
