/* late VERB PORT [ARGUMENT]: what a program sees of a connect() that takes long, or for ever. A verb a case; prints a line.
 * late deaf [one]: a proxy that answers no SYN, since its backlog is full; with "one" only after it has taken one CONNECT.
 *     Prints "listening 127.0.0.1:PORT". */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { LIMIT = 20 }; /* seconds that only a hang reaches */

static struct sockaddr_in target = { .sin_family = AF_INET };

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int new_socket(int flags)
{
    return socket(AF_INET, SOCK_STREAM | flags, 0);
}

static int reach(int fd)
{
    return connect(fd, (struct sockaddr *)&target, sizeof target) < 0 ? errno : 0;
}

static const char *word(int error)
{
    return error ? strerror(error) : "open";
}

static int error_of(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

/* A number of blocking connects, one after the other. */
static void do_connect(const char *count)
{
    for (int i = 0; i < atoi(count); i++)
        printf("%s%s", i ? ", " : "", word(reach(new_socket(0))));
    puts("");
}

static int set;
static void (*wait_in_set)(void);

static void by_epoll(void)
{
}

static void by_poll(void)
{
    poll(&(struct pollfd){ .fd = set, .events = POLLIN }, 1, -1);
}

static void by_select(void)
{
    fd_set reads;

    FD_ZERO(&reads);
    FD_SET(set, &reads);
    select(set + 1, &reads, NULL, NULL, NULL);
}

static void *sleeper(void *started)
{
    struct epoll_event event;

    do
        wait_in_set();
    while (epoll_wait(set, &event, 1, wait_in_set == by_epoll ? -1 : 0) != 1);
    printf("told after %.0f s: %s\n", now() - *(double *)started, word(error_of(event.data.fd)));
    return NULL;
}

/* One thread sleeps in the set when another one connects and adds the socket. */
static void do_sleep(const char *how)
{
    struct epoll_event event = { .events = EPOLLOUT };
    struct timespec nap = { .tv_nsec = 200000000 };
    pthread_t thread;
    double started = now();

    wait_in_set = strcmp(how, "poll") == 0 ? by_poll : strcmp(how, "select") == 0 ? by_select : by_epoll;
    set = epoll_create1(0);
    pthread_create(&thread, NULL, sleeper, &started);
    nanosleep(&nap, NULL); /* a sleeper that comes later has less to be woken from, and passes all the same */
    event.data.fd = new_socket(SOCK_NONBLOCK);
    started = now();
    reach(event.data.fd);
    epoll_ctl(set, EPOLL_CTL_ADD, event.data.fd, &event);
    pthread_join(thread, NULL);
}

static void *victim(void *unused)
{
    (void)unused;
    reach(new_socket(0));
    return NULL;
}

static void do_cancel(const char *unused)
{
    struct timespec nap = { .tv_nsec = 300000000 };
    pthread_t thread;
    double started;

    (void)unused;
    pthread_create(&thread, NULL, victim, NULL);
    nanosleep(&nap, NULL);
    started = now();
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    puts(now() - started < 1 ? "joined at once" : "joined late");
}

static void ring_in(int milliseconds)
{
    setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { 0, milliseconds * 1000 } }, NULL);
}

static int blocked_in(const sigset_t *mask)
{
    int count = 0;

    for (int number = 1; number < NSIG; number++)
        count += sigismember(mask, number) == 1;
    return count;
}

static sigjmp_buf back;

static void jump(int number)
{
    (void)number;
    siglongjmp(back, 1);
}

/* What a handler that jumps out of connect() leaves behind. */
static void do_jump(const char *unused)
{
    struct timeval time = { 0 };
    socklen_t size = sizeof time;
    int fd = new_socket(0), state;
    sigset_t mask;

    (void)unused;
    signal(SIGALRM, jump);
    if (sigsetjmp(back, 1) == 0) {
        ring_in(300);
        reach(fd);
        puts("no signal came");
        return;
    }
    getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, &size);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    printf("jumped; SO_SNDTIMEO %ld.%06ld, cancellation %s, %d signals blocked\n", (long)time.tv_sec, (long)time.tv_usec,
           state == PTHREAD_CANCEL_ENABLE ? "on" : "off", blocked_in(&mask));
}

static volatile sig_atomic_t blocked = -1;

static void look(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    blocked = blocked_in(&((ucontext_t *)context)->uc_sigmask);
}

/* How many signals a handler finds blocked in what it interrupted. */
static void do_handler(const char *call)
{
    struct sigaction action = { .sa_sigaction = look, .sa_flags = SA_SIGINFO };
    int fd = new_socket(strcmp(call, "connect") == 0 ? 0 : SOCK_NONBLOCK), result = 0;
    struct epoll_event event = { .events = EPOLLOUT };
    fd_set writes;

    sigaction(SIGALRM, &action, NULL);
    ring_in(300);
    result = reach(fd) == EINTR ? -1 : 0;
    FD_ZERO(&writes);
    FD_SET(fd, &writes);
    set = epoll_create1(0);
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    if (strcmp(call, "poll") == 0)
        result = poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, LIMIT * 1000);
    else if (strcmp(call, "select") == 0)
        result = select(fd + 1, NULL, &writes, NULL, NULL);
    else if (strcmp(call, "epoll") == 0)
        result = epoll_wait(set, &event, 1, LIMIT * 1000);
    printf("%s: %s, %d blocked\n", call, result < 0 ? "interrupted" : "not interrupted", (int)blocked);
}

static double longest;

static void timed(double started)
{
    if (now() - started > longest)
        longest = now() - started;
}

/* The longest of many calls that never wait, while the proxy does not answer. */
static void do_ask(const char *call)
{
    struct timespec nap = { .tv_nsec = 20000000 };
    int fd = new_socket(SOCK_NONBLOCK);
    char byte = 'x';

    reach(fd);
    for (int i = 0; i < 20; i++) {
        double started = now();

        if (strcmp(call, "send") == 0)
            send(fd, &byte, 1, MSG_NOSIGNAL);
        else if (strcmp(call, "recv") == 0)
            recv(fd, &byte, 1, 0);
        else
            error_of(fd);
        timed(started);
        nanosleep(&nap, NULL);
    }
    puts(longest < 0.2 ? "no call waited" : "a call waited");
}

/* What SO_ERROR says, asked all the time until poll() says that it is over. */
static void do_error(const char *unused)
{
    int fd = new_socket(SOCK_NONBLOCK), error = 0;
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    double end = now() + LIMIT;

    (void)unused;
    reach(fd);
    while (error == 0 && now() < end && poll(&ready, 1, 0) == 0)
        error = error_of(fd);
    puts(word(error ? error : error_of(fd)));
}

/* TCP_USER_TIMEOUT is the program's, whatever is done about its connection. */
static void do_timeout(const char *unused)
{
    enum { USER_TIMEOUT = 18 };
    int fd = new_socket(SOCK_NONBLOCK), value = 4321, seen[3] = { 0 };
    socklen_t size = sizeof value;
    struct pollfd ready = { .fd = fd, .events = POLLOUT };

    (void)unused;
    setsockopt(fd, IPPROTO_TCP, USER_TIMEOUT, &value, sizeof value);
    reach(fd);
    getsockopt(fd, IPPROTO_TCP, USER_TIMEOUT, &seen[0], &size);
    value = 8765;
    setsockopt(fd, IPPROTO_TCP, USER_TIMEOUT, &value, sizeof value);
    getsockopt(fd, IPPROTO_TCP, USER_TIMEOUT, &seen[1], &size);
    poll(&ready, 1, LIMIT * 1000);
    getsockopt(fd, IPPROTO_TCP, USER_TIMEOUT, &seen[2], &size);
    printf("%d, %d, %d: %s\n", seen[0], seen[1], seen[2], word(error_of(fd)));
}

static int pass(int by, int fd)
{
    char byte = 'x', room[CMSG_SPACE(sizeof fd)] = "";
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
    struct cmsghdr *control = CMSG_FIRSTHDR(&message);

    *control = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(control), &fd, sizeof fd);
    return sendmsg(by, &message, MSG_DONTWAIT) < 0 ? errno : 0;
}

/* A descriptor is passed to another process by a call that must not wait: before its connection is open, and then. */
static void do_pass(const char *unused)
{
    int fd = new_socket(SOCK_NONBLOCK), pair[2], before;
    struct pollfd ready = { .fd = fd, .events = POLLOUT };

    (void)unused;
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    reach(fd);
    before = pass(pair[0], fd);
    poll(&ready, 1, LIMIT * 1000);
    printf("%s, then %s\n", before ? strerror(before) : "passed", pass(pair[0], fd) ? "not" : "passed");
}

static int deaf(int takes_one)
{
    char head[4096];
    socklen_t size = sizeof target;
    int listener = new_socket(0), fd;

    bind(listener, (struct sockaddr *)&target, sizeof target);
    listen(listener, 0);
    getsockname(listener, (struct sockaddr *)&target, &size);
    if (takes_one) {
        printf("listening 127.0.0.1:%d\n", ntohs(target.sin_port));
        fd = accept(listener, NULL, NULL);
        while (read(fd, head, sizeof head) == (ssize_t)sizeof head)
            ;
    }
    for (int i = 0; i < 4; i++)
        reach(new_socket(SOCK_NONBLOCK));
    if (takes_one && write(fd, "HTTP/1.1 200 OK\r\n\r\n", 19) != 19)
        return 1;
    if (!takes_one)
        printf("listening 127.0.0.1:%d\n", ntohs(target.sin_port));
    pause();
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *verb;
        void (*act)(const char *argument);
    } verbs[] = { { "connect", do_connect }, { "sleep", do_sleep }, { "cancel", do_cancel }, { "jump", do_jump },
                  { "handler", do_handler }, { "ask", do_ask },     { "error", do_error },   { "timeout", do_timeout },
                  { "pass", do_pass } };

    setvbuf(stdout, NULL, _IOLBF, 0);
    inet_pton(AF_INET, "127.0.0.1", &target.sin_addr);
    if (argc > 1 && strcmp(argv[1], "deaf") == 0)
        return deaf(argc > 2);
    for (size_t i = 0; argc > 2 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[1], verbs[i].verb) == 0) {
            target.sin_port = htons((uint16_t)atoi(argv[2]));
            verbs[i].act(argc > 3 ? argv[3] : "");
            return 0;
        }
    fprintf(stderr, "usage: late VERB PORT [ARGUMENT] | late deaf [one]\n");
    return 2;
}
