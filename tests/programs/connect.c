/* connect [OPTION]... TARGET... : one socket, a connect() for each target in turn, a line for each on stdout.
 *
 *     203.0.113.9:403 EACCES, poll OUT HUP, SO_ERROR 0, recv ENOTCONN, send EPIPE, peer ENOTCONN
 *     203.0.113.7:80 connected, heard "hello"
 *
 * So the state in which a failed connect() leaves the socket can be held against the one that the kernel leaves.
 * What a connect() must not touch (cookie, flags, options, errno on success) is compared before and after.
 *
 *   -6     an AF_INET6 socket, an IPv4 target is mapped     -m     MPTCP
 *   -f     no descriptor is left free                       -q     connect, but listen to nobody
 *   -n     non-blocking: wait with poll and ask SO_ERROR    -s MS  SO_SNDTIMEO
 *   -a MS  SIGALRM after MS, with a handler                 -r     ... that has SA_RESTART
 *   -k     hold the connection until stdin ends
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static struct {
    bool mapped, mptcp, fill, quiet, nonblocking, restart, hold;
    int alarm_ms, send_ms;
} options;

/* What stays as it was, whatever connect() does. */
struct kept {
    uint64_t cookie;
    int status_flags, descriptor_flags, nodelay, keepalive, receive_low_water;
    struct timeval send_timeout;
};

static const struct {
    int number;
    const char *name;
} errors[] = {
    { ECONNREFUSED, "ECONNREFUSED" }, { ETIMEDOUT, "ETIMEDOUT" },       { EACCES, "EACCES" },
    { EHOSTUNREACH, "EHOSTUNREACH" }, { ENETUNREACH, "ENETUNREACH" },   { ECONNRESET, "ECONNRESET" },
    { EINTR, "EINTR" },               { EINPROGRESS, "EINPROGRESS" },   { EALREADY, "EALREADY" },
    { ENOTCONN, "ENOTCONN" },         { EPIPE, "EPIPE" },               { EISCONN, "EISCONN" },
    { EAGAIN, "EAGAIN" },             { ECONNABORTED, "ECONNABORTED" }, { EAFNOSUPPORT, "EAFNOSUPPORT" },
    { EINVAL, "EINVAL" },             { EMFILE, "EMFILE" },             { EADDRNOTAVAIL, "EADDRNOTAVAIL" },
    { EPERM, "EPERM" },               { 0, "0" },
};

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static const char *error_name(int error)
{
    static char other[32];

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].number == error)
            return errors[i].name;
    snprintf(other, sizeof other, "errno %d", error);
    return other;
}

/* "1.2.3.4:5" or "[::1]:5" */
static socklen_t parse(const char *target, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    const char *colon = strrchr(target, ':');
    const char *first = target[0] == '[' ? target + 1 : target;
    char host[64];
    uint16_t port;

    if (colon == NULL || (size_t)(colon - first) >= sizeof host) {
        fprintf(stderr, "connect: bad target %s\n", target);
        exit(2);
    }
    snprintf(host, sizeof host, "%s%.*s", options.mapped && first == target ? "::ffff:" : "",
             (int)(colon - first - (first != target)), first);
    port = htons((uint16_t)atoi(colon + 1));
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = port;
        return sizeof *four;
    }
    if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = port;
        return sizeof *six;
    }
    fprintf(stderr, "connect: bad host %s\n", host);
    exit(2);
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;

    getsockopt(fd, level, name, &value, &size);
    return value;
}

static struct kept look(int fd)
{
    struct kept kept;
    socklen_t size = sizeof kept.cookie;

    memset(&kept, 0, sizeof kept);
    if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &kept.cookie, &size) < 0)
        fail("SO_COOKIE");
    kept.status_flags = fcntl(fd, F_GETFL);
    kept.descriptor_flags = fcntl(fd, F_GETFD);
    kept.nodelay = option(fd, IPPROTO_TCP, TCP_NODELAY);
    kept.keepalive = option(fd, SOL_SOCKET, SO_KEEPALIVE);
    kept.receive_low_water = option(fd, SOL_SOCKET, SO_RCVLOWAT);
    size = sizeof kept.send_timeout;
    getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kept.send_timeout, &size);
    return kept;
}

static void compare(const struct kept *before, const struct kept *after)
{
    if (before->cookie != after->cookie)
        printf(", another socket");
    if (before->status_flags != after->status_flags || before->descriptor_flags != after->descriptor_flags)
        printf(", other flags");
    if (before->nodelay != after->nodelay || before->keepalive != after->keepalive ||
        before->receive_low_water != after->receive_low_water ||
        memcmp(&before->send_timeout, &after->send_timeout, sizeof before->send_timeout) != 0)
        printf(", other options");
}

static void print_poll(int fd)
{
    static const struct {
        short bit;
        const char *name;
    } bits[] = { { POLLIN, " IN" }, { POLLPRI, " PRI" }, { POLLOUT, " OUT" }, { POLLERR, " ERR" },
                 { POLLHUP, " HUP" }, { POLLRDHUP, " RDHUP" } };
    struct pollfd seen = { .fd = fd, .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP };

    poll(&seen, 1, 0);
    printf(", poll");
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (seen.revents & bits[i].bit)
            printf("%s", bits[i].name);
}

static const char *outcome(ssize_t result)
{
    return result < 0 ? error_name(errno) : "success";
}

static void print_failure(int fd, int error)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    char byte = 'x';

    printf(" %s", error_name(error));
    print_poll(fd);
    printf(", SO_ERROR %s", error_name(option(fd, SOL_SOCKET, SO_ERROR)));
    printf(", recv %s", outcome(recv(fd, &byte, 1, MSG_DONTWAIT)));
    printf(", send %s", outcome(send(fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL)));
    printf(", peer %s", outcome(getpeername(fd, (struct sockaddr *)&peer, &size)));
}

/* What the target says first, up to the end of a line. */
static void print_heard(int fd)
{
    struct pollfd readable = { .fd = fd, .events = POLLIN };
    char byte;

    printf(", heard \"");
    while (poll(&readable, 1, 5000) == 1 && recv(fd, &byte, 1, 0) == 1 && byte != '\n')
        if (byte != '\r')
            putchar(byte);
    printf("\"");
}

static int connect_and_wait(int fd, const struct sockaddr_storage *address, socklen_t length)
{
    struct pollfd writable = { .fd = fd, .events = POLLOUT };

    errno = EDOM;
    if (connect(fd, (const struct sockaddr *)address, length) == 0)
        return errno == EDOM ? 0 : -1;
    if (!options.nonblocking || errno != EINPROGRESS)
        return errno;
    if (poll(&writable, 1, 20000) != 1)
        return ETIMEDOUT;
    return option(fd, SOL_SOCKET, SO_ERROR);
}

static bool try(int fd, const char *target)
{
    struct sockaddr_storage address;
    socklen_t length = parse(target, &address);
    struct kept before = look(fd), after;
    int error = connect_and_wait(fd, &address, length);

    printf("%s", target);
    if (error > 0)
        print_failure(fd, error);
    else
        printf(" connected%s", error < 0 ? ", errno changed" : "");
    if (error <= 0 && !options.quiet)
        print_heard(fd);
    after = look(fd);
    compare(&before, &after);
    printf("\n");
    fflush(stdout);
    return error <= 0;
}

static void on_alarm(int signal)
{
    (void)signal;
}

static void set_alarm(void)
{
    struct sigaction action = { .sa_handler = on_alarm, .sa_flags = options.restart ? SA_RESTART : 0 };
    struct itimerval once = { .it_value = { options.alarm_ms / 1000, options.alarm_ms % 1000 * 1000 } };

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &once, NULL);
}

static void set_send_timeout(int fd)
{
    struct timeval limit = { options.send_ms / 1000, options.send_ms % 1000 * 1000 };

    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
        fail("SO_SNDTIMEO");
}

static void fill_descriptors(void)
{
    struct rlimit few = { 32, 32 };

    if (setrlimit(RLIMIT_NOFILE, &few) < 0)
        fail("setrlimit");
    while (dup(0) >= 0)
        ;
}

static void parse_options(int argc, char **argv)
{
    int letter;

    while ((letter = getopt(argc, argv, "6mfqna:rs:k")) != -1)
        switch (letter) {
        case '6': options.mapped = true; break;
        case 'm': options.mptcp = true; break;
        case 'f': options.fill = true; break;
        case 'q': options.quiet = true; break;
        case 'n': options.nonblocking = true; break;
        case 'a': options.alarm_ms = atoi(optarg); break;
        case 'r': options.restart = true; break;
        case 's': options.send_ms = atoi(optarg); break;
        case 'k': options.hold = true; break;
        default: exit(2);
        }
}

int main(int argc, char **argv)
{
    struct sockaddr_storage first;
    bool connected = false;
    int fd, on = 1;
    char byte;

    parse_options(argc, argv);
    if (optind == argc)
        return 2;
    parse(argv[optind], &first);
    fd = socket(options.mapped ? AF_INET6 : first.ss_family,
                SOCK_STREAM | SOCK_CLOEXEC | (options.nonblocking ? SOCK_NONBLOCK : 0),
                options.mptcp ? IPPROTO_MPTCP : 0);
    if (fd < 0)
        fail("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (options.send_ms)
        set_send_timeout(fd);
    if (options.fill)
        fill_descriptors();
    for (int i = optind; i < argc; i++) {
        if (options.alarm_ms && i == optind)
            set_alarm();
        connected = try(fd, argv[i]);
    }
    while (options.hold && read(0, &byte, 1) > 0)
        ;
    return connected ? 0 : 1;
}
