/* raw ADDRESS PORT : a non-blocking connection to a server that says hello, by system calls alone, a line for each. What is written or
 * read before it is there says EAGAIN, or waits for nothing; each kind of wait then says that it is.
 * Numbers that this machine's kernel lacks are left out. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct sockaddr_in target = { .sin_family = AF_INET };
static char text[] = "too early";
static struct iovec part = { text, sizeof text - 1 };
static struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
static struct mmsghdr messages = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };

static void say(const char *name, long result)
{
    printf("%s: %s\n", name, result < 0 ? strerrorname_np(errno) : "done");
}

static int begun(void)
{
    int fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (syscall(SYS_connect, fd, &target, sizeof target) == 0 || errno != EINPROGRESS)
        perror("connect");
    return fd;
}

static void write_early(int fd, int file, int pipe)
{
    say("write", syscall(SYS_write, fd, text, sizeof text));
    say("writev", syscall(SYS_writev, fd, &part, 1));
    say("pwritev2", syscall(SYS_pwritev2, fd, &part, 1, -1L, -1L, 0));
    say("sendto", syscall(SYS_sendto, fd, text, sizeof text, 0, NULL, 0));
    say("sendmsg", syscall(SYS_sendmsg, fd, &message, 0));
    say("sendmmsg", syscall(SYS_sendmmsg, fd, &messages, 1, 0));
    say("sendfile", syscall(SYS_sendfile, fd, file, NULL, 10));
    say("splice", syscall(SYS_splice, pipe, NULL, fd, NULL, 10, 0));
}

static void read_early(int fd)
{
    say("read", syscall(SYS_read, fd, text, sizeof text));
    say("readv", syscall(SYS_readv, fd, &part, 1));
    say("preadv2", syscall(SYS_preadv2, fd, &part, 1, -1L, -1L, 0));
    say("recvfrom", syscall(SYS_recvfrom, fd, text, sizeof text, 0, NULL, NULL));
    say("recvmsg", syscall(SYS_recvmsg, fd, &message, 0));
    say("recvmmsg", syscall(SYS_recvmmsg, fd, &messages, 1, 0, NULL));
}

static void ask_early(int fd)
{
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    int count = -1, other;

    say("getpeername", syscall(SYS_getpeername, fd, &peer, &size));
    say("ioctl", syscall(SYS_ioctl, fd, FIONREAD, &count));
    printf("bytes to read: %d\n", count);
    other = (int)syscall(SYS_dup, fd);
    say("read of dup", syscall(SYS_read, other, text, sizeof text));
    say("dup3", syscall(SYS_dup3, fd, other, O_CLOEXEC));
    say("read of dup3", syscall(SYS_read, other, text, sizeof text));
    say("close", syscall(SYS_close, other));
    other = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 100);
    say("read of F_DUPFD_CLOEXEC", syscall(SYS_read, other, text, sizeof text));
    say("close_range", syscall(SYS_close_range, other, other, 0));
    say("read of what is closed", syscall(SYS_read, other, text, sizeof text));
}

static long wait_by_ppoll(int fd)
{
    struct pollfd ready = { fd, POLLOUT, 0 };
    struct timespec time = { 20, 0 };
    uint64_t mask = 0;

    return syscall(SYS_ppoll, &ready, 1, &time, &mask, 8);
}

static long wait_by_pselect(int fd)
{
    struct timespec time = { 20, 0 };
    uint64_t mask = 0;
    struct {
        void *mask;
        size_t size;
    } both = { &mask, 8 };
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fd, &set);
    return syscall(SYS_pselect6, fd + 1, NULL, &set, NULL, &time, &both);
}

static long wait_by_epoll(int fd)
{
    struct epoll_event event = { .events = EPOLLOUT, .data.fd = fd };
    int set = (int)syscall(SYS_epoll_create1, 0);

    syscall(SYS_epoll_ctl, set, EPOLL_CTL_ADD, fd, &event);
    return syscall(SYS_epoll_pwait, set, &event, 1, 20000, NULL, 8);
}

static long wait_by_poll(int fd)
{
#ifdef SYS_poll
    struct pollfd ready = { fd, POLLOUT, 0 };

    return syscall(SYS_poll, &ready, 1, 20000);
#else
    return wait_by_ppoll(fd);
#endif
}

static long wait_by_select(int fd)
{
#ifdef SYS_select
    struct timeval time = { 20, 0 };
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fd, &set);
    return syscall(SYS_select, fd + 1, NULL, &set, NULL, &time);
#else
    return wait_by_pselect(fd);
#endif
}

static void greet(const char *name, long (*wait)(int fd))
{
    char heard[32] = "";
    int fd = begun(), error = -1;
    socklen_t size = sizeof error;
    struct pollfd ready = { fd, POLLIN, 0 };

    if (wait(fd) != 1)
        perror(name);
    syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error)
        printf("SO_ERROR %d\n", error);
    say(name, syscall(SYS_write, fd, "back", 4));
    poll(&ready, 1, 20000);
    syscall(SYS_read, fd, heard, sizeof heard - 1);
    printf("heard %.5s\n", heard);
    syscall(SYS_close, fd);
}

int main(int argc, char **argv)
{
    int fd, pair[2], file = open("/proc/self/exe", O_RDONLY);

    if (argc != 3 || inet_pton(AF_INET, argv[1], &target.sin_addr) != 1 || pipe(pair) < 0 || write(pair[1], "0123456789", 10) < 0)
        return 2;
    target.sin_port = htons((uint16_t)atoi(argv[2]));
    fd = begun();
    write_early(fd, file, pair[0]);
    read_early(fd);
    ask_early(fd);
    say("shutdown", syscall(SYS_shutdown, fd, SHUT_RDWR));
    greet("poll", wait_by_poll);
    greet("ppoll", wait_by_ppoll);
    greet("select", wait_by_select);
    greet("pselect6", wait_by_pselect);
    greet("epoll_pwait", wait_by_epoll);
    return 0;
}
