/* The waits are what they are under their usual names, with another form of the same time. */
#include "time64.h"

#include <stdint.h>

#ifdef NARROW_TIMES

static int32_t within_bounds(int64_t seconds)
{
    return seconds < 0           ? -1
           : seconds > INT32_MAX ? INT32_MAX
                                 : (int32_t)seconds; /* below zero all are invalid */
}

const struct timespec *time64_narrowed(struct timespec *room, const struct wide_timespec *time)
{
    if (!time)
        return NULL;
    *room = (struct timespec){ within_bounds(time->tv_sec), (int32_t)time->tv_nsec };
    return room;
}

EXPORT int __ppoll64(struct pollfd *fds, nfds_t count, const struct wide_timespec *time, const sigset_t *mask)
{
    struct timespec room;

    return ppoll(fds, count, time64_narrowed(&room, time), mask);
}

/* Linux writes the time that is left. */
EXPORT int __select64(int count, fd_set *reads, fd_set *writes, fd_set *excepts, struct wide_timeval *time)
{
    struct timeval room;
    int result;

    if (!time)
        return select(count, reads, writes, excepts, NULL);
    room.tv_sec = within_bounds(time->tv_sec + time->tv_usec / 1000000);
    room.tv_usec = (int32_t)(time->tv_usec % 1000000);
    result = select(count, reads, writes, excepts, &room);
    *time = (struct wide_timeval){ room.tv_sec, room.tv_usec };
    return result;
}

EXPORT int __pselect64(int count, fd_set *reads, fd_set *writes, fd_set *excepts,
                       const struct wide_timespec *time, const sigset_t *mask)
{
    struct timespec room;

    return pselect(count, reads, writes, excepts, time64_narrowed(&room, time), mask);
}

EXPORT int __epoll_pwait2_time64(int set, struct epoll_event *events, int most,
                                 const struct wide_timespec *time, const sigset_t *mask)
{
    struct timespec room;

    return epoll_pwait2(set, events, most, time64_narrowed(&room, time), mask);
}

#endif
