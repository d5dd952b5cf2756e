/* pointers HOST PORT : calls with pointers and counts that the kernel refuses, each in a process of its own while a
 * connection is being made, with what each came to. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

static int fd, pair[2];
static struct sockaddr_in target;
static char *pages; /* two: what lies in the second cannot be read, and until wall() the first cannot be written */

static volatile nfds_t too_many = 1u << 31;
static void *volatile bad = (void *)16, *volatile null;

static void *at_the_wall(size_t size)
{
    return pages + PAGE - size;
}

static int watching(void)
{
    struct epoll_event event = { EPOLLOUT, { .u64 = 1 } };
    int set = epoll_create1(0);

    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    return set;
}

static int poll_bad(void)
{
    return poll(bad, 1, 0);
}

static int poll_null(void)
{
    return poll(null, 1, 0);
}

static int poll_too_many(void)
{
    struct pollfd one = { fd, POLLOUT, 0 };

    return poll(&one, too_many, 0);
}

/* The last of them cannot be read. */
static int poll_past_the_wall(void)
{
    struct pollfd *fds = at_the_wall(2 * sizeof *fds);

    fds[0] = fds[1] = (struct pollfd){ fd, POLLOUT, 0 };
    return poll(fds, 3, 0);
}

static int poll_not_to_be_written(void)
{
    struct pollfd *fds = at_the_wall(sizeof *fds);

    fds[0] = (struct pollfd){ fd, POLLOUT, 0 };
    mprotect(pages, PAGE, PROT_READ);
    return poll(fds, 1, 0);
}

static int ppoll_time(void)
{
    struct pollfd one = { fd, POLLOUT, 0 };

    return ppoll(&one, 1, bad, NULL);
}

static int ppoll_mask(void)
{
    struct pollfd one = { fd, POLLOUT, 0 };
    struct timespec no_time = { 0 };

    return ppoll(&one, 1, &no_time, bad);
}

static int select_bad(void)
{
    return select(fd + 1, bad, NULL, NULL, NULL);
}

static int select_past_the_wall(void)
{
    struct timeval no_time = { 0 };
    unsigned long *word = at_the_wall(sizeof *word);

    *word = 1ul << fd;
    return select(8 * sizeof *word + 1, NULL, (fd_set *)word, NULL, &no_time);
}

static int select_not_to_be_written(void)
{
    struct timeval no_time = { 0 };
    unsigned long *word = at_the_wall(sizeof *word);

    *word = 1ul << fd;
    mprotect(pages, PAGE, PROT_READ);
    return select(fd + 1, (fd_set *)word, NULL, NULL, &no_time);
}

static int select_negative(void)
{
    fd_set set;

    FD_ZERO(&set);
    return select(-1, &set, NULL, NULL, NULL);
}

static int pselect_time(void)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fd, &set);
    return pselect(fd + 1, &set, NULL, NULL, bad, NULL);
}

static int epoll_ctl_event(void)
{
    return epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, fd, bad);
}

static int epoll_ctl_null(void)
{
    return epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, fd, null);
}

static int epoll_ctl_twice(void)
{
    struct epoll_event event = { EPOLLOUT, { .u64 = 2 } };

    return epoll_ctl(watching(), EPOLL_CTL_ADD, fd, &event);
}

static int epoll_wait_none(void)
{
    struct epoll_event event;

    return epoll_wait(watching(), &event, 0, 0);
}

static int epoll_pwait2_time(void)
{
    struct epoll_event event;

    return epoll_pwait2(watching(), &event, 1, bad, NULL);
}

static int sendmsg_bad(void)
{
    return (int)sendmsg(fd, bad, MSG_NOSIGNAL);
}

static int sendmsg_null(void)
{
    return (int)sendmsg(fd, null, MSG_NOSIGNAL);
}

/* To somebody else: no connection is concerned. */
static int sendmsg_elsewhere(void)
{
    return (int)sendmsg(pair[0], bad, 0);
}

static int sendmsg_name(void)
{
    struct msghdr message = { .msg_name = bad, .msg_namelen = sizeof target };

    return (int)sendmsg(pair[0], &message, 0);
}

static int sendmmsg_bad(void)
{
    return sendmmsg(fd, bad, 1, MSG_NOSIGNAL);
}

static int sendmmsg_elsewhere(void)
{
    return sendmmsg(pair[0], bad, 1, 0);
}

/* The second one cannot be read: the first is sent. */
static int sendmmsg_past_the_wall(void)
{
    struct mmsghdr *messages = at_the_wall(sizeof *messages);

    memset(messages, 0, sizeof *messages);
    return sendmmsg(pair[0], messages, 2, 0);
}

static int getpeername_size(void)
{
    struct sockaddr_storage address;

    return getpeername(pair[0], (struct sockaddr *)&address, bad);
}

static int getsockopt_size(void)
{
    int error;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, bad);
}

#define CALL(name) { #name, name }
static const struct {
    const char *name;
    int (*make)(void);
} calls[] = {
    CALL(poll_bad),          CALL(poll_null),           CALL(poll_too_many),     CALL(poll_past_the_wall),
    CALL(ppoll_time),        CALL(ppoll_mask),          CALL(select_bad),        CALL(select_past_the_wall),
    CALL(select_negative),   CALL(pselect_time),        CALL(epoll_ctl_event),   CALL(epoll_ctl_null),
    CALL(epoll_ctl_twice),   CALL(epoll_wait_none),     CALL(epoll_pwait2_time), CALL(sendmsg_bad),
    CALL(sendmsg_null),      CALL(sendmsg_elsewhere),   CALL(sendmsg_name),      CALL(sendmmsg_bad),
    CALL(sendmmsg_elsewhere), CALL(sendmmsg_past_the_wall), CALL(getpeername_size), CALL(getsockopt_size),
    CALL(poll_not_to_be_written), CALL(select_not_to_be_written),
};

static void make(size_t number)
{
    int result;

    alarm(10);
    pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(pages + PAGE, PAGE, PROT_NONE);
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connect(fd, (struct sockaddr *)&target, sizeof target) < 0 && errno != EINPROGRESS) {
        printf("%s: connect: %s\n", calls[number].name, strerror(errno));
        exit(1);
    }
    errno = 0;
    result = calls[number].make();
    printf("%s: %d %s\n", calls[number].name, result, strerror(errno));
    exit(0);
}

int main(int argc, char **argv)
{
    if (argc != 3 || inet_pton(AF_INET, argv[1], &target.sin_addr) != 1)
        return 2;
    target.sin_family = AF_INET;
    target.sin_port = htons((uint16_t)atoi(argv[2]));
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int status;

        fflush(stdout);
        if (fork() == 0)
            make(i);
        wait(&status);
        if (WIFSIGNALED(status))
            printf("%s: signal %d\n", calls[i].name, WTERMSIG(status));
    }
    return 0;
}
