/* Many connections at once, what answers them, and one that carries much.
 *
 *   crowd serve               echoes; `R` resets the connection. Says "listening PORT" (127.0.0.1 and ::1),
 *                             and at SIGTERM what it has seen
 *   crowd hold PORT COUNT     opens COUNT connections, each proved by an echo, and says "open COUNT"; when
 *                             its standard input ends, proves each once more and closes them
 *   crowd churn PORT COUNT N  COUNT connections, N at a time, proved by an echo; of three one is closed in
 *                             good order, one at once, one with a reset
 *   crowd reset PORT          has the server reset its connection, and says what that looks like from here
 *   crowd pipe PORT           standard input to there and from there to standard output, each to its end
 *   crowd wait                the same with who connects to it; says "listening PORT" on standard error
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static void on_term(int signal)
{
    (void)signal;
    stop = 1;
}

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void reset(int fd)
{
    struct linger at_once = { .l_onoff = 1 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

static int listen_on(const struct sockaddr *address, socklen_t size)
{
    int on = 1, fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (address->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address, size) < 0 || listen(fd, 4096) < 0)
        return -1;
    return fd;
}

static void watch(int epoll, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

    if (fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        fail("epoll_ctl");
}

struct seen {
    unsigned connections, ends, resets;
};

static void answer(int fd, struct seen *seen)
{
    char bytes[4096];
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);

    if (got > 0 && memchr(bytes, 'R', (size_t)got)) {
        reset(fd);
    } else if (got > 0) {
        if (send(fd, bytes, (size_t)got, MSG_NOSIGNAL) == got)
            return;
        seen->resets++;
        close(fd);
    } else {
        *(got == 0 ? &seen->ends : &seen->resets) += 1;
        close(fd);
    }
}

static void welcome(int epoll, int listener, struct seen *seen)
{
    int fd = accept(listener, NULL, NULL);

    if (fd < 0)
        return;
    seen->connections++;
    watch(epoll, fd);
}

static int serve(void)
{
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    socklen_t size = sizeof four;
    int epoll = epoll_create1(0), listener = listen_on((struct sockaddr *)&four, sizeof four), listener6;
    struct epoll_event events[64];
    struct sigaction action = { .sa_handler = on_term };
    struct seen seen = { 0 };

    getsockname(listener, (struct sockaddr *)&four, &size);
    six.sin6_port = four.sin_port;
    listener6 = listen_on((struct sockaddr *)&six, sizeof six);
    watch(epoll, listener);
    watch(epoll, listener6);
    sigaction(SIGTERM, &action, NULL);
    printf("listening %d\n", ntohs(four.sin_port));
    fflush(stdout);
    while (!stop) {
        int count = epoll_wait(epoll, events, 64, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener || events[i].data.fd == listener6)
                welcome(epoll, events[i].data.fd, &seen);
            else
                answer(events[i].data.fd, &seen);
        }
    }
    printf("connections %u ends %u resets %u\n", seen.connections, seen.ends, seen.resets);
    return 0;
}

static int connect_to(const char *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_port = htons((uint16_t)atoi(port));
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect");
    return fd;
}

static void ask(int fd, int number)
{
    char byte = (char)('a' + number % 26);

    if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
        fail("send");
}

static void hear(int fd, int number)
{
    char byte = 0;
    ssize_t got = recv(fd, &byte, 1, 0);

    if (got < 0)
        fail("recv");
    if (got != 1 || byte != (char)('a' + number % 26)) {
        fprintf(stderr, "connection %d: not the echo\n", number);
        exit(1);
    }
}

static int hold(const char *port, int count)
{
    int *fds = calloc((size_t)count, sizeof *fds);
    char byte;

    for (int i = 0; fds && i < count; i++) {
        fds[i] = connect_to(port);
        ask(fds[i], i);
        hear(fds[i], i);
    }
    printf("open %d\n", count);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    for (int i = 0; fds && i < count; i++) {
        ask(fds[i], i + 1);
        hear(fds[i], i + 1);
        close(fds[i]);
    }
    free(fds);
    return 0;
}

static void finish(int fd, int number)
{
    char byte;

    if (number % 3 == 2) {
        reset(fd);
        return;
    }
    if (number % 3 == 0) {
        shutdown(fd, SHUT_WR);
        if (recv(fd, &byte, 1, 0) != 0)
            fail("no end of file");
    }
    close(fd);
}

static int churn(const char *port, int count, int at_a_time)
{
    int fds[256];

    at_a_time = at_a_time > 256 ? 256 : at_a_time;
    for (int done = 0; done < count; done += at_a_time) {
        int now = count - done < at_a_time ? count - done : at_a_time;

        for (int i = 0; i < now; i++) {
            fds[i] = connect_to(port);
            ask(fds[i], i);
        }
        for (int i = 0; i < now; i++) {
            hear(fds[i], i);
            finish(fds[i], i);
        }
    }
    printf("done %d\n", count);
    return 0;
}

static int be_reset(const char *port)
{
    int fd = connect_to(port);
    char byte;
    ssize_t got;

    if (send(fd, "R", 1, MSG_NOSIGNAL) != 1)
        fail("send");
    got = recv(fd, &byte, 1, 0);
    puts(got < 0 && errno == ECONNRESET ? "reset" : got == 0 ? "end of file" : "something else");
    return 0;
}

static void copy(int from, int to)
{
    static char bytes[65536];
    ssize_t got;

    while ((got = read(from, bytes, sizeof bytes)) > 0)
        for (ssize_t at = 0, wrote; at < got; at += wrote) {
            wrote = write(to, bytes + at, (size_t)(got - at));
            if (wrote < 0)
                fail("write");
        }
    if (got < 0)
        fail("read");
}

/* netcat would do, if it did not lose bytes now and then when both sides speak at once. */
static int join(int fd)
{
    pid_t child = fork();
    int status = 1;

    if (child == 0) {
        copy(STDIN_FILENO, fd);
        shutdown(fd, SHUT_WR);
        _exit(0);
    }
    copy(fd, STDOUT_FILENO);
    waitpid(child, &status, 0);
    return status != 0;
}

static int join_first(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int listener = listen_on((struct sockaddr *)&address, size), fd;

    fcntl(listener, F_SETFL, 0);
    getsockname(listener, (struct sockaddr *)&address, &size);
    fprintf(stderr, "listening %d\n", ntohs(address.sin_port));
    fd = accept(listener, NULL, NULL);
    if (fd < 0)
        fail("accept");
    return join(fd);
}

int main(int argc, char **argv)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (argc == 2 && strcmp(argv[1], "serve") == 0)
        return serve();
    if (argc == 4 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2], atoi(argv[3]));
    if (argc == 5 && strcmp(argv[1], "churn") == 0)
        return churn(argv[2], atoi(argv[3]), atoi(argv[4]));
    if (argc == 3 && strcmp(argv[1], "pipe") == 0)
        return join(connect_to(argv[2]));
    if (argc == 2 && strcmp(argv[1], "wait") == 0)
        return join_first();
    if (argc == 3 && strcmp(argv[1], "reset") == 0)
        return be_reset(argv[2]);
    fprintf(stderr,
            "usage: crowd serve | hold PORT COUNT | churn PORT COUNT N | reset PORT | pipe PORT | wait\n");
    return 2;
}
