/* Connects once for each function that waits, and for each that receives, and says what it heard: waits ADDRESS PORT.
 * A connect() goes on in the background; before the wait says that it is there, nothing may be received. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const struct timespec long_enough = { 20, 999999999 };

static bool by_ppoll(int fd, bool in)
{
    struct pollfd poll = { fd, in ? POLLIN : POLLOUT, 0 };

    return ppoll(&poll, 1, &long_enough, NULL) == 1;
}

/* The set where it is looked for. */
static fd_set set_of(int fd)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fd, &set);
    return set;
}

static bool by_select(int fd, bool in)
{
    struct timeval time = { 20, 999999 };
    fd_set set = set_of(fd);

    return select(fd + 1, in ? &set : NULL, in ? NULL : &set, NULL, &time) == 1 && time.tv_sec >= 10 &&
           time.tv_sec <= 20;
}

static bool by_pselect(int fd, bool in)
{
    fd_set set = set_of(fd);

    return pselect(fd + 1, in ? &set : NULL, in ? NULL : &set, NULL, &long_enough, NULL) == 1;
}

/* The system call, whose time has 64 bits in every ABI. */
static int epoll_syscall(int set, struct epoll_event *events, int most, const struct timespec *time,
                         const sigset_t *mask)
{
    int64_t wide[] = { time->tv_sec, time->tv_nsec };

    return (int)syscall(SYS_epoll_pwait2, set, events, most, wide, mask, 8);
}

#ifndef __GLIBC__ /* musl has the system call alone */
#define epoll_pwait2 epoll_syscall
#endif

static bool by_epoll(int (*call)(int set, struct epoll_event *events, int most, const struct timespec *time,
                                 const sigset_t *mask), int fd, bool in)
{
    struct epoll_event event = { .events = in ? EPOLLIN : EPOLLOUT };
    int set = epoll_create1(0);
    bool ready;

    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    ready = call(set, &event, 1, &long_enough, NULL) == 1;
    close(set);
    return ready;
}

static bool by_epoll_pwait2(int fd, bool in)
{
    return by_epoll(epoll_pwait2, fd, in);
}

static bool by_syscall(int fd, bool in)
{
    return by_epoll(epoll_syscall, fd, in);
}

static ssize_t with_recv(int fd, void *buffer, size_t size)
{
    return recv(fd, buffer, size, 0);
}

static ssize_t with_recvmsg(int fd, void *buffer, size_t size)
{
    struct iovec part = { buffer, size };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

    return recvmsg(fd, &message, 0);
}

static ssize_t with_recvmmsg(int fd, void *buffer, size_t size)
{
    struct timespec time = long_enough;
    struct iovec part = { buffer, size };
    struct mmsghdr message = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };

    return recvmmsg(fd, &message, 1, 0, &time) == 1 ? (ssize_t)message.msg_len : -1;
}

#ifdef SYS_socketcall
static int by_socketcall(int fd, const struct sockaddr *to, socklen_t size)
{
    long arguments[] = { fd, (long)to, (long)size };

    return (int)syscall(SYS_socketcall, 3, arguments);
}
#endif

static const struct way {
    const char *name;
    int (*connect)(int fd, const struct sockaddr *to, socklen_t size);
    bool (*wait)(int fd, bool in);
    ssize_t (*receive)(int fd, void *buffer, size_t size);
} ways[] = {
    { "ppoll", connect, by_ppoll, with_recv },
    { "select", connect, by_select, with_recv },
    { "pselect", connect, by_pselect, with_recv },
    { "epoll_pwait2", connect, by_epoll_pwait2, with_recv },
    { "syscall", connect, by_syscall, with_recv },
    { "recvmsg", connect, by_ppoll, with_recvmsg },
    { "recvmmsg", connect, by_ppoll, with_recvmmsg },
#ifdef SYS_socketcall
    { "socketcall", by_socketcall, by_ppoll, with_recv },
#endif
};

static const char *try(const struct way *way, const struct sockaddr_in *to, char *heard, size_t room)
{
    struct timeval limit = { 20, 0 };
    int fd = socket(AF_INET, SOCK_STREAM, 0), error = -1;
    socklen_t size = sizeof error;
    ssize_t got;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return "no socket";
    if (way->connect(fd, (const struct sockaddr *)to, sizeof *to) == 0 || errno != EINPROGRESS)
        return "connected at once";
    if (way->receive(fd, heard, room) >= 0 || errno != EAGAIN)
        return "something came before it was connected";
    if (!way->wait(fd, false))
        return "never connected";
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0)
        return strerror(error);
    if (!way->wait(fd, true))
        return "nothing came";
    got = way->receive(fd, heard, room - 1);
    close(fd);
    heard[got < 0 ? 0 : got] = '\0';
    heard[strcspn(heard, "\n")] = '\0';
    return heard;
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    char heard[64];

    if (argc != 3 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
        return 2;
    to.sin_port = htons((uint16_t)atoi(argv[2]));
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        printf("%s: %s\n", ways[i].name, try(&ways[i], &to, heard, sizeof heard));
    return 0;
}
