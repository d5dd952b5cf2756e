#include "../process/guest.h"
#include "../process/readable.h"
#include "../real.h"
#include "time64.h"

#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's time has 64 bits in all that is new. */
#ifdef NARROW_TIMES
#define KERNEL_EPOLL_PWAIT2 __epoll_pwait2_time64
#else
#define KERNEL_EPOLL_PWAIT2 epoll_pwait2
#endif

#ifdef SYS_socketcall
/* socketcall(2): a number of the kernel's <linux/net.h>, and where the arguments are. */
static long socketcall(const long *of)
{
    enum { CONNECT = 3, SENDTO = 11, SENDMSG = 16, SENDMMSG = 20 };
    const long *a = (const long *)of[1];
    size_t size = sizeof *a * (of[0] == SENDTO ? 6 : of[0] == SENDMMSG ? 4 : 3);

    if (readable(a, size)) {
        switch (of[0]) {
        case CONNECT:
            return connect((int)a[0], (const struct sockaddr *)a[1], (socklen_t)a[2]);
        case SENDTO:
            return sendto((int)a[0], (const void *)a[1], (size_t)a[2], (int)a[3],
                          (const struct sockaddr *)a[4], (socklen_t)a[5]);
        case SENDMSG:
            return sendmsg((int)a[0], (const struct msghdr *)a[1], (int)a[2]);
        case SENDMMSG:
            return sendmmsg((int)a[0], (struct mmsghdr *)a[1], (unsigned)a[2], (mmsg_flags)a[3]);
        }
    }
    return real()->syscall(SYS_socketcall, of[0], of[1]);
}
#endif

static long hooked(long number, const long *a)
{
    switch (number) {
    case SYS_connect:
        return connect((int)a[0], (const struct sockaddr *)a[1], (socklen_t)a[2]);
    case SYS_sendto:
        return sendto((int)a[0], (const void *)a[1], (size_t)a[2], (int)a[3], (const struct sockaddr *)a[4],
                      (socklen_t)a[5]);
    case SYS_sendmsg:
        return sendmsg((int)a[0], (const struct msghdr *)a[1], (int)a[2]);
    case SYS_sendmmsg:
        return sendmmsg((int)a[0], (struct mmsghdr *)a[1], (unsigned)a[2], (int)a[3]);
    case SYS_execve:
        return execve((const char *)a[0], (char *const *)a[1], (char *const *)a[2]);
    case SYS_execveat:
        return execveat((int)a[0], (const char *)a[1], (char *const *)a[2], (char *const *)a[3], (int)a[4]);
#ifdef SYS_epoll_wait
    case SYS_epoll_wait:
        return epoll_wait((int)a[0], (struct epoll_event *)a[1], (int)a[2], (int)a[3]);
#endif
    case SYS_epoll_pwait:
        return epoll_pwait((int)a[0], (struct epoll_event *)a[1], (int)a[2], (int)a[3],
                           (const sigset_t *)a[4]);
    case SYS_epoll_pwait2:
        return KERNEL_EPOLL_PWAIT2((int)a[0], (struct epoll_event *)a[1], (int)a[2], (const void *)a[3],
                                   (const sigset_t *)a[4]);
#ifdef SYS_socketcall
    case SYS_socketcall:
        return socketcall(a);
#endif
    default:
        return real()->syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

/* syscall(2): what connects, starts a program or sends a datagram goes the way of the function, and so do
 * waits that might bring a cookie; an io_uring would connect where no hook can see it, and is answered as by
 * a kernel without. */
EXPORT long syscall(long number, ...)
{
    va_list list;
    long argument[6];

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_io_uring_setup && guest_may_act() && guest_config()) {
        errno = ENOSYS;
        return -1;
    }
    return hooked(number, argument);
}
