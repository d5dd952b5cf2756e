/* shared STORY HOST PORT : connections and epoll sets that forked processes share, and what each of them is told. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in target;
static int set, gate[2];

static int begin_connection(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (connect(fd, (struct sockaddr *)&target, sizeof target) < 0 && errno != EINPROGRESS) {
        printf("connect: %s\n", strerror(errno));
        exit(1);
    }
    return fd;
}

static void control(int operation, int fd, uint32_t events, int data)
{
    struct epoll_event event = { events, { .u64 = (uint64_t)data } };

    if (epoll_ctl(set, operation, fd, &event) < 0)
        printf("epoll_ctl: %s\n", strerror(errno));
}

static void tell(const char *who, int milliseconds)
{
    struct epoll_event got[4];
    int count = epoll_wait(set, got, 4, milliseconds);

    printf("%s is told %d", who, count);
    for (int i = 0; i < count; i++)
        printf(" (%x, %lld)", got[i].events, (long long)got[i].data.u64);
    printf("\n");
    fflush(stdout);
}

static void open_gate(void)
{
    if (write(gate[1], "", 1) != 1)
        exit(1);
}

static void wait_at_gate(void)
{
    char byte;

    if (read(gate[0], &byte, 1) != 1)
        exit(1);
}

static void wait_for_all(void)
{
    while (wait(NULL) > 0)
        ;
}

/* As children do before they work. */
static void child_closes(void)
{
    int fd = begin_connection(), copy = dup(fd);

    control(EPOLL_CTL_ADD, fd, EPOLLOUT, 1);
    if (fork() == 0) {
        close(fd);
        close(copy);
        _exit(0);
    }
    wait_for_all();
    tell("the parent", 20000);
}

/* After the parent has registered something else. */
static void child_looks(void)
{
    int fd = begin_connection();

    control(EPOLL_CTL_ADD, fd, EPOLLOUT | EPOLLET, 1);
    if (fork() == 0) {
        struct pollfd look = { fd, POLLOUT, 0 };

        wait_at_gate();
        poll(&look, 1, 20000);
        _exit(0);
    }
    tell("the parent", 20000);
    control(EPOLL_CTL_MOD, fd, EPOLLOUT | EPOLLET, 2);
    tell("the parent", 20000);
    open_gate();
    wait_for_all();
    tell("the parent", 0);
}

/* The child waits for the connection, by its own copy of the socket. */
static void child_opens(void)
{
    int fd = begin_connection();

    control(EPOLL_CTL_ADD, fd, EPOLLOUT, 1);
    if (fork() == 0) {
        struct pollfd look = { fd, POLLOUT, 0 };

        printf("the child's poll %d\n", poll(&look, 1, 20000));
        fflush(stdout);
        _exit(0);
    }
    wait_for_all();
    tell("the parent", 20000);
}

/* The parent of a daemon is gone: what it registered is the child's. */
static void daemon_waits(void)
{
    int fd = begin_connection();

    control(EPOLL_CTL_ADD, fd, EPOLLOUT, 1);
    if (fork() == 0) {
        if (fork() != 0)
            _exit(0);
        tell("the daemon", 20000);
        control(EPOLL_CTL_MOD, fd, EPOLLOUT, 2);
        tell("the daemon", 20000);
        open_gate();
        _exit(0);
    }
    wait_for_all();
    wait_at_gate();
}

/* Both use the set: what the child has registered is not put back to what the parent had. */
static void both_use_it(void)
{
    int fd = begin_connection();

    control(EPOLL_CTL_ADD, fd, EPOLLOUT | EPOLLET, 1);
    if (fork() == 0) {
        tell("the child", 20000);
        control(EPOLL_CTL_MOD, fd, EPOLLOUT | EPOLLET, 2);
        tell("the child", 20000);
        _exit(0);
    }
    wait_for_all();
    tell("the parent", 300);
    tell("the parent", 0);
}

/* A listener that was registered is closed, and another socket has its number: the record is of another. */
static void stale_record(uint32_t events, bool adds)
{
    struct epoll_event event = { EPOLLOUT, { .u64 = 2 } };
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd;

    listen(listener, 1);
    control(EPOLL_CTL_ADD, listener, EPOLLIN | events, 1);
    close(listener);
    fd = begin_connection();
    printf("the same number %d\n", fd == listener);
    if (adds)
        printf("added %d\n", epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
    tell("the parent", adds ? 20000 : 300);
}

static void exclusive_added(void)
{
    stale_record(EPOLLEXCLUSIVE, true);
}

static void exclusive(void)
{
    stale_record(EPOLLEXCLUSIVE, false);
}

static void plain_added(void)
{
    stale_record(0, true);
}

union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

static struct msghdr message_with(union control *control)
{
    static char byte;
    static struct iovec part = { &byte, 1 };

    return (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof *control };
}

static bool pass(int to, int fd, int flags)
{
    union control control = { { 0 } };
    struct msghdr message = message_with(&control);
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

    *rights = (struct cmsghdr){ CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    return sendmsg(to, &message, flags) == 1;
}

static int take(int from)
{
    union control control;
    struct msghdr message = message_with(&control);
    int fd = -1;

    if (recvmsg(from, &message, 0) == 1 && CMSG_FIRSTHDR(&message))
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

/* To a process that knows nothing of what is in it. */
static void set_passed(void)
{
    int pair[2], fd;
    bool passed;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        exit(1);
    if (fork() == 0) {
        set = take(pair[0]);
        tell("the other", 20000);
        _exit(0);
    }
    fd = begin_connection();
    control(EPOLL_CTL_ADD, fd, EPOLLOUT, 1);
    passed = pass(pair[1], set, 0);
    wait_for_all();
    printf("passed %d\n", passed);
}

static void passed_without_waiting(void)
{
    struct pollfd ready = { .events = POLLOUT };
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        exit(1);
    ready.fd = begin_connection();
    printf("passed %d", pass(pair[1], ready.fd, MSG_DONTWAIT));
    printf(" %s\n", strerror(errno));
    poll(&ready, 1, 20000);
    printf("then %d\n", pass(pair[1], ready.fd, MSG_DONTWAIT));
}

/* A thread with descriptors of its own: what it has under the number is its own, and is as it was. */
static int number;

static void *live_apart(void *data)
{
    struct pollfd ready = { number, POLLIN, 0 };
    int ends[2];
    char byte;

    if (unshare(CLONE_FILES) < 0 || pipe(ends) < 0 || write(ends[1], "x", 1) != 1)
        return NULL;
    dup2(ends[0], number);
    printf("apart: poll %d", poll(&ready, 1, 20000));
    printf(", %x, read %zd", ready.revents, read(number, &byte, 1));
    printf(", close %d\n", close(number));
    fflush(stdout);
    return data;
}

static void apart(void)
{
    pthread_t thread;
    void *result = NULL;

    number = begin_connection();
    control(EPOLL_CTL_ADD, number, EPOLLOUT, 1);
    if (pthread_create(&thread, NULL, live_apart, &number) != 0 || pthread_join(thread, &result) != 0 || !result)
        printf("no thread apart\n");
    tell("the first thread", 20000);
}

static const struct {
    const char *name;
    void (*tell)(void);
} stories[] = {
    { "child_closes", child_closes }, { "child_looks", child_looks }, { "child_opens", child_opens },
    { "daemon_waits", daemon_waits }, { "both_use_it", both_use_it }, { "exclusive", exclusive },
    { "exclusive_added", exclusive_added }, { "plain_added", plain_added },
    { "set_passed", set_passed }, { "passed_without_waiting", passed_without_waiting }, { "apart", apart },
};

int main(int argc, char **argv)
{
    if (argc != 4 || inet_pton(AF_INET, argv[2], &target.sin_addr) != 1)
        return 2;
    target.sin_family = AF_INET;
    target.sin_port = htons((uint16_t)atoi(argv[3]));
    set = epoll_create1(0);
    if (set < 0 || pipe(gate) < 0)
        return 2;
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++)
        if (strcmp(argv[1], stories[i].name) == 0) {
            stories[i].tell();
            return 0;
        }
    return 2;
}
