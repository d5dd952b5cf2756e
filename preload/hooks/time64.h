/* The waits of programs that were compiled for 64 bits of time where a time_t has 32, and what else glibc calls by a name
 * of its own for them and declares nowhere. */
#ifndef PTUNNEL_TIME64_H
#define PTUNNEL_TIME64_H

#include "../real.h"

#ifdef NARROW_TIMES

#define DECLARE(type, name, parameters) type name parameters;
REAL_WIDE_TIMES(DECLARE)
#undef DECLARE
int __fcntl_time64(int fd, int command, ...);
int __ioctl_time64(int fd, ioctl_request request, ...);
int __getsockopt64(int fd, int level, int name, void *value, socklen_t *size);
int __setsockopt64(int fd, int level, int name, const void *value, socklen_t size);
ssize_t __sendmsg64(int fd, const struct msghdr *message, int flags);
int __sendmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags);

/* The same time in `room`, cut to the most that fits, which is 68 years; NULL stays NULL. */
const struct timespec *time64_narrowed(struct timespec *room, const struct wide_timespec *time);

#endif

#endif
