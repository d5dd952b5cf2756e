/* The calls that give a descriptor number another meaning. */
#include "../calls/descriptors.h"
#include "../sockets/duplicates.h"
#include "../pending/end.h"
#include "../pending/wait.h"
#include "../real.h"
#include "time64.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Apart, so that a close() that concerns nobody saves no register. */
static __attribute__((noinline)) int close_known(int fd)
{
    descriptors_before_close(fd);
    return real()->close(fd);
}

EXPORT int close(int fd)
{
    return slots_close_idle() ? real()->close(fd) : close_known(fd);
}

EXPORT int __close(int fd) __attribute__((alias("close")));

/* CLOSE_RANGE_CLOEXEC closes nothing, and CLOSE_RANGE_UNSHARE closes in this thread alone. */
EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    if (!slots_close_idle() && flags == 0 && first <= last)
        descriptors_before_close_range(first, last);
    return real()->close_range(first, last, flags);
}

EXPORT void closefrom(int first)
{
    if (!slots_close_idle())
        descriptors_before_close_range(first < 0 ? 0 : (unsigned)first, ~0u);
    real()->closefrom(first);
}

/* After the kernel made the duplicate: it is the same socket, and as pending. */
static int duplicated(int from, int to)
{
    if (!descriptors_unknown())
        descriptors_duplicated(from, to);
    if (to >= 0 && from != to)
        duplicates_note(from, to);
    return to;
}

EXPORT int dup(int fd)
{
    return duplicated(fd, real()->dup(fd));
}

EXPORT int dup2(int from, int to)
{
    if (!descriptors_unknown())
        descriptors_before_replace(from, to);
    return duplicated(from, real()->dup2(from, to));
}

EXPORT int __dup2(int from, int to) __attribute__((alias("dup2"), nothrow, leaf));

EXPORT int dup3(int from, int to, int flags)
{
    if (!descriptors_unknown() && (flags & ~O_CLOEXEC) == 0)
        descriptors_before_replace(from, to);
    return duplicated(from, real()->dup3(from, to, flags));
}

static __attribute__((noinline)) int duplicate(int fd, int command, void *least)
{
    return duplicated(fd, real()->fcntl(fd, command, least));
}

EXPORT int fcntl(int fd, int command, ...)
{
    va_list list;
    void *argument;

    va_start(list, command);
    argument = va_arg(list, void *);
    va_end(list);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        return duplicate(fd, command, argument);
    return real()->fcntl(fd, command, argument);
}

EXPORT int __fcntl(int fd, int command, ...) __attribute__((alias("fcntl")));

#ifdef NARROW_OFFSETS /* locks have offsets */
EXPORT int fcntl64(int fd, int command, ...)
{
    va_list list;
    void *argument;

    va_start(list, command);
    argument = va_arg(list, void *);
    va_end(list);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        return duplicate(fd, command, argument);
    return real()->fcntl64(fd, command, argument);
}
#else
EXPORT int fcntl64(int fd, int command, ...) __attribute__((alias("fcntl")));
#endif

/* FIONREAD and SIOCOUTQ count the program's bytes, of which a pending socket has none. The kernel judges the
 * argument. */
static __attribute__((noinline)) int count_of(int fd, ioctl_request request, int *count)
{
    bool pending = pending_before(fd, SO_RCVTIMEO, MSG_DONTWAIT) < 0;
    int result = real()->ioctl(fd, request, count);

    if (result == 0 && pending)
        *count = 0;
    return result;
}

EXPORT int ioctl(int fd, ioctl_request request, ...)
{
    va_list list;
    void *argument;

    va_start(list, request);
    argument = va_arg(list, void *);
    va_end(list);
    if ((request == FIONREAD || request == SIOCOUTQ) && !slots_empty())
        return count_of(fd, request, argument);
    return real()->ioctl(fd, request, argument);
}

#ifdef NARROW_TIMES
EXPORT int __fcntl_time64(int fd, int command, ...) __attribute__((alias("fcntl64")));
EXPORT int __ioctl_time64(int fd, ioctl_request request, ...) __attribute__((alias("ioctl"), nothrow, leaf));
#endif
