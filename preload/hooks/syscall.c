/* syscall(2): a number whose function is hooked goes the way of the function, so that no byte of the program comes to
 * a proxy, and no wait is told of the proxy's readiness, by this way either. */
#include "../process/guest.h"
#include "../process/own.h"
#include "../process/readable.h"
#include "../real.h"
#include "../sockets/slot.h"
#include "time64.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Times are the kernel's: two words in the older calls, 64 bits each in the newer ones. */
#ifdef NARROW_TIMES
#define KERNEL_EPOLL_PWAIT2 __epoll_pwait2_time64
#else
#define KERNEL_EPOLL_PWAIT2 epoll_pwait2
#endif
#if __LONG_WIDTH__ >= 64 || defined(NARROW_TIMES)
#define TIMES_ARE_WORDS 1
#endif

typedef long hooked_call(const long *a);

/* A row for each number: what it calls, by the six words. */
#define FD(n)   (int)a[n]
#define INT(n)  (int)a[n]
#define SIZE(n) (size_t) a[n]
#define AT(n)   (void *)a[n]
#define CALL(name, call)                                                                                     \
    static long by_##name(const long *a)                                                                     \
    {                                                                                                        \
        return call;                                                                                         \
    }

/* The kernel's set of signals is shorter than libc's. False: the kernel has to say what is wrong with it. */
static bool take_mask(sigset_t *room, const sigset_t **out, long at, long size)
{
    const void *mask = (const void *)at;

    *out = mask ? room : NULL;
    if (!mask)
        return true;
    if (size != NSIG / 8 || !readable(mask, NSIG / 8))
        return false;
    sigemptyset(room);
    memcpy(room, mask, NSIG / 8);
    return true;
}

/* A wait with a set of signals in the argument `at` and its size behind it. */
#define CALL_WITH_MASK(name, at, call)                                                                       \
    static long by_##name(const long *a)                                                                     \
    {                                                                                                        \
        const sigset_t *mask;                                                                                \
        sigset_t room;                                                                                       \
                                                                                                             \
        if (!take_mask(&room, &mask, a[at], a[(at) + 1]))                                                    \
            return real()->syscall(SYS_##name, a[0], a[1], a[2], a[3], a[4], a[5]);                          \
        return call;                                                                                         \
    }

/* preadv2(2): two words, the lower one first; where a word has 64 bits the kernel ignores the higher one. */
static off64_t offset_of(const long *words)
{
    if (sizeof(long) >= 8)
        return (off64_t)words[0];
    return (off64_t)((uint64_t)(unsigned long)words[1] << 32 | (unsigned long)words[0]);
}

CALL(connect, connect(FD(0), AT(1), (socklen_t)a[2]))
CALL(bind, bind(FD(0), AT(1), (socklen_t)a[2]))
CALL(shutdown, shutdown(FD(0), INT(1)))
CALL(getsockname, getsockname(FD(0), AT(1), AT(2)))
CALL(getpeername, getpeername(FD(0), AT(1), AT(2)))
CALL(getsockopt, getsockopt(FD(0), INT(1), INT(2), AT(3), AT(4)))
CALL(setsockopt, setsockopt(FD(0), INT(1), INT(2), AT(3), (socklen_t)a[4]))
CALL(read, read(FD(0), AT(1), SIZE(2)))
CALL(readv, readv(FD(0), AT(1), INT(2)))
CALL(preadv2, preadv64v2(FD(0), AT(1), INT(2), offset_of(a + 3), INT(5)))
CALL(recvfrom, recvfrom(FD(0), AT(1), SIZE(2), INT(3), AT(4), AT(5)))
CALL(recvmsg, recvmsg(FD(0), AT(1), INT(2)))
CALL(write, write(FD(0), AT(1), SIZE(2)))
CALL(writev, writev(FD(0), AT(1), INT(2)))
CALL(pwritev2, pwritev64v2(FD(0), AT(1), INT(2), offset_of(a + 3), INT(5)))
CALL(sendto, sendto(FD(0), AT(1), SIZE(2), INT(3), AT(4), (socklen_t)a[5]))
CALL(sendmsg, sendmsg(FD(0), AT(1), INT(2)))
CALL(sendmmsg, sendmmsg(FD(0), AT(1), (unsigned)a[2], (mmsg_flags)a[3]))
CALL(splice, splice(FD(0), AT(1), FD(2), AT(3), SIZE(4), (unsigned)a[5]))
CALL(ioctl, ioctl(FD(0), (ioctl_request)a[1], AT(2)))
CALL(close, close(FD(0)))
CALL(close_range, close_range((unsigned)a[0], (unsigned)a[1], INT(2)))
CALL(dup, dup(FD(0)))
CALL(dup3, dup3(FD(0), FD(1), INT(2)))
CALL(execve, execve(AT(0), AT(1), AT(2)))
CALL(execveat, execveat(FD(0), AT(1), AT(2), AT(3), INT(4)))
CALL(epoll_ctl, epoll_ctl(FD(0), INT(1), FD(2), AT(3)))
CALL_WITH_MASK(epoll_pwait, 4, epoll_pwait(FD(0), AT(1), INT(2), INT(3), mask))
CALL_WITH_MASK(epoll_pwait2, 4, KERNEL_EPOLL_PWAIT2(FD(0), AT(1), INT(2), AT(3), mask))
#ifdef SYS_epoll_wait
CALL(epoll_wait, epoll_wait(FD(0), AT(1), INT(2), INT(3)))
#endif
#ifdef SYS_poll
CALL(poll, poll(AT(0), (nfds_t)a[1], INT(2)))
#endif
#ifdef SYS_dup2
CALL(dup2, dup2(FD(0), FD(1)))
#endif
#ifdef SYS_send
CALL(send, send(FD(0), AT(1), SIZE(2), INT(3)))
#endif
#ifdef SYS_recv
CALL(recv, recv(FD(0), AT(1), SIZE(2), INT(3)))
#endif
#ifdef SYS_sendfile64
CALL(sendfile64, sendfile64(FD(0), FD(1), AT(2), SIZE(3)))
#endif
#if !defined(SYS_sendfile64) || defined(NARROW_OFFSETS)
#define SENDFILE_FITS 1
CALL(sendfile, sendfile(FD(0), FD(1), AT(2), SIZE(3)))
#endif

/* Of fcntl(2) the hook wants what makes another descriptor; the rest has structures that differ from libc's. */
static long fcntl_by(long number, const long *a)
{
    if (a[1] == F_DUPFD || a[1] == F_DUPFD_CLOEXEC)
        return fcntl(FD(0), INT(1), a[2]);
    return real()->syscall(number, a[0], a[1], a[2]);
}

CALL(fcntl, fcntl_by(SYS_fcntl, a))
#ifdef SYS_fcntl64
CALL(fcntl64, fcntl_by(SYS_fcntl64, a))
#endif

/* pselect6(2): the sixth argument says where the set of signals is, and its size. */
static bool take_mask_of_select(sigset_t *room, const sigset_t **out, const long *pair)
{
    *out = NULL;
    return !pair || (readable(pair, 2 * sizeof *pair) && take_mask(room, out, pair[0], pair[1]));
}

#define CALL_PSELECT(name, call)                                                                             \
    static long by_##name(const long *a)                                                                     \
    {                                                                                                        \
        const sigset_t *mask;                                                                                \
        sigset_t room;                                                                                       \
                                                                                                             \
        if (!take_mask_of_select(&room, &mask, AT(5)))                                                       \
            return real()->syscall(SYS_##name, a[0], a[1], a[2], a[3], a[4], a[5]);                          \
        return call;                                                                                         \
    }

#ifdef TIMES_ARE_WORDS
CALL_WITH_MASK(ppoll, 3, ppoll(AT(0), (nfds_t)a[1], AT(2), mask))
CALL_PSELECT(pselect6, pselect(INT(0), AT(1), AT(2), AT(3), AT(4), mask))
CALL(recvmmsg, recvmmsg(FD(0), AT(1), (unsigned)a[2], (mmsg_flags)a[3], AT(4)))
#ifdef SYS__newselect
CALL(_newselect, select(INT(0), AT(1), AT(2), AT(3), AT(4)))
#elif defined(SYS_select)
CALL(select, select(INT(0), AT(1), AT(2), AT(3), AT(4)))
#endif
#endif
#ifdef NARROW_TIMES
CALL_WITH_MASK(ppoll_time64, 3, __ppoll64(AT(0), (nfds_t)a[1], AT(2), mask))
CALL_PSELECT(pselect6_time64, __pselect64(INT(0), AT(1), AT(2), AT(3), AT(4), mask))
CALL(recvmmsg_time64, __recvmmsg64(FD(0), AT(1), (unsigned)a[2], INT(3), AT(4)))
#endif

#ifdef SYS_socketcall
/* socketcall(2): a number of the kernel's <linux/net.h>, and where the arguments are. */
static long by_socketcall(const long *of)
{
    static const struct {
        hooked_call *call;
        unsigned words;
    } calls[] = {
        [2] = { by_bind, 3 },        [3] = { by_connect, 3 },     [6] = { by_getsockname, 3 },
        [7] = { by_getpeername, 3 }, [9] = { by_sendto, 4 },      [10] = { by_recvfrom, 4 },
        [11] = { by_sendto, 6 },     [12] = { by_recvfrom, 6 },   [13] = { by_shutdown, 2 },
        [14] = { by_setsockopt, 5 }, [15] = { by_getsockopt, 5 }, [16] = { by_sendmsg, 3 },
        [17] = { by_recvmsg, 3 },
#ifdef TIMES_ARE_WORDS
        [19] = { by_recvmmsg, 5 },
#endif
        [20] = { by_sendmmsg, 4 },
    };
    size_t number = (size_t)of[0];
    const void *there = (const void *)of[1];
    long words[6] = { 0 }; /* send(2) and recv(2) are the others without an address */

    if (number >= sizeof calls / sizeof *calls || !calls[number].call ||
        !readable(there, calls[number].words * sizeof *words))
        return real()->syscall(SYS_socketcall, of[0], of[1]);
    memcpy(words, there, calls[number].words * sizeof *words);
    return calls[number].call(words);
}
#endif

/* A number that matters only to pending descriptors is the kernel's as long as there is none: libc's functions differ
 * from it in what they do at a cancellation, and to the time that is left. */
#define ALWAYS(name)  [SYS_##name] = { by_##name, WHEN_ALWAYS }
#define PENDING(name) [SYS_##name] = { by_##name, WHEN_PENDING }
#define STARTS(name)  [SYS_##name] = { by_##name, WHEN_STARTING }
static const struct {
    hooked_call *call;
    enum { WHEN_ALWAYS, WHEN_PENDING, WHEN_STARTING } when;
} rows[] = {
    ALWAYS(connect),
    ALWAYS(bind),
    ALWAYS(getsockname),
    ALWAYS(getpeername),
    ALWAYS(getsockopt),
    ALWAYS(sendto),
    ALWAYS(sendmsg),
    ALWAYS(sendmmsg),
    ALWAYS(dup),
    ALWAYS(dup3),
    ALWAYS(fcntl),
    STARTS(execve),
    STARTS(execveat),
    ALWAYS(epoll_ctl),
    ALWAYS(epoll_pwait),
    ALWAYS(epoll_pwait2),
    PENDING(shutdown),
    PENDING(setsockopt),
    PENDING(read),
    PENDING(readv),
    PENDING(preadv2),
    PENDING(recvfrom),
    PENDING(recvmsg),
    PENDING(write),
    PENDING(writev),
    PENDING(pwritev2),
    PENDING(splice),
    PENDING(ioctl),
    PENDING(close),
    PENDING(close_range),
#ifdef SYS_epoll_wait
    ALWAYS(epoll_wait),
#endif
#ifdef SYS_poll
    PENDING(poll),
#endif
#ifdef SYS_dup2
    ALWAYS(dup2),
#endif
#ifdef SYS_fcntl64
    ALWAYS(fcntl64),
#endif
#ifdef SYS_send
    PENDING(send),
#endif
#ifdef SYS_recv
    PENDING(recv),
#endif
#ifdef SYS_sendfile64
    PENDING(sendfile64),
#endif
#ifdef SENDFILE_FITS
    PENDING(sendfile),
#endif
#ifdef TIMES_ARE_WORDS
    PENDING(ppoll),
    PENDING(pselect6),
    PENDING(recvmmsg),
#ifdef SYS__newselect
    PENDING(_newselect),
#elif defined(SYS_select)
    PENDING(select),
#endif
#endif
#ifdef NARROW_TIMES
    PENDING(ppoll_time64),
    PENDING(pselect6_time64),
    PENDING(recvmmsg_time64),
#endif
#ifdef SYS_socketcall
    ALWAYS(socketcall),
#endif
};

/* syscall() is no cancellation point. What starts another program does not wait, and does not come back to a vfork(2)
 * child, whose parent has the same state. */
static long call_uncancelled(hooked_call *call, const long *a)
{
    int before = cancel_hold();
    long result = call(a);

    cancel_release(before);
    return result;
}

/* An io_uring would connect where no hook can see it, and is answered as by a kernel without. */
EXPORT long syscall(long number, ...)
{
    va_list list;
    long a[6];

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number >= 0 && (size_t)number < sizeof rows / sizeof *rows && rows[number].call) {
        if (rows[number].when == WHEN_STARTING)
            return rows[number].call(a);
        if (rows[number].when == WHEN_ALWAYS || !slots_empty())
            return call_uncancelled(rows[number].call, a);
    }
    if (number == SYS_io_uring_setup && guest_may_act() && guest_config()) {
        errno = ENOSYS;
        return -1;
    }
    return real()->syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
