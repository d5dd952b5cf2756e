/* What a program can ask of a socket, in words that do not depend on port numbers. */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { TEXT = 64 };

volatile int handled;

const char *error_name(int error)
{
    static __thread char other[TEXT];
    static const struct {
        int number;
        const char *name;
    } errors[] = {
#define NAME(error) { error, #error }
        NAME(EAGAIN),       NAME(EALREADY),     NAME(EACCES),       NAME(EADDRINUSE),   NAME(EADDRNOTAVAIL),
        NAME(EBADF),        NAME(ECONNABORTED), NAME(ECONNREFUSED), NAME(ECONNRESET),   NAME(EFAULT),
        NAME(EHOSTUNREACH), NAME(EINPROGRESS),  NAME(EINTR),        NAME(EINVAL),       NAME(EISCONN),
        NAME(EMFILE),       NAME(ENETUNREACH),  NAME(ENOENT),       NAME(ENOTCONN),     NAME(ENOTSOCK),
        NAME(EPERM),        NAME(EPIPE),        NAME(ETIMEDOUT),    NAME(EAFNOSUPPORT), NAME(EOPNOTSUPP),
        NAME(ENOPROTOOPT),  NAME(ENOBUFS),      NAME(ECHILD),       NAME(ENOTDIR),
#undef NAME
    };

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].number == error)
            return errors[i].name;
    snprintf(other, sizeof other, "error %d", error);
    return other;
}

const char *outcome(ssize_t result)
{
    static __thread char number[TEXT];

    if (result < 0)
        return error_name(errno);
    snprintf(number, sizeof number, "%zd", result);
    return number;
}

const char *poll_bits(int fd, int milliseconds)
{
    static const struct {
        short bit;
        const char *name;
    } bits[] = { { POLLIN, " IN" },   { POLLPRI, " PRI" },   { POLLOUT, " OUT" },    { POLLERR, " ERR" },
                 { POLLHUP, " HUP" }, { POLLNVAL, " NVAL" }, { POLLRDHUP, " RDHUP" } };
    static __thread char text[TEXT];
    struct pollfd seen = { .fd = fd, .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP };

    text[0] = text[1] = '\0';
    poll(&seen, 1, milliseconds);
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (seen.revents & bits[i].bit)
            strcat(text, bits[i].name);
    return text[0] ? text + 1 : "nothing";
}

const char *connected(int fd, const struct address *to)
{
    static __thread char text[TEXT * 2];
    int result;

    errno = EDOM;
    result = connect(fd, (const struct sockaddr *)&to->at, to->size);
    if (result == 0 && errno != EDOM)
        snprintf(text, sizeof text, "0, errno changed to %s", error_name(errno));
    else
        snprintf(text, sizeof text, "%s", outcome(result));
    return text;
}

int option(int fd, int level, int name)
{
    int value = 0;
    socklen_t size = sizeof value;

    return getsockopt(fd, level, name, &value, &size) < 0 ? -errno : value;
}

static const char *in_words(const struct address *address, char *text)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)&address->at;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address->at;
    bool is_four = address->at.ss_family == AF_INET;
    char digits[INET6_ADDRSTRLEN] = "?";

    inet_ntop(address->at.ss_family, is_four ? (const void *)&four->sin_addr : (const void *)&six->sin6_addr,
              digits, sizeof digits);
    snprintf(text, TEXT * 2, "%s, %s port, family %d, %u bytes", digits, four->sin_port ? "a" : "no",
             address->at.ss_family, address->size);
    return text;
}

const char *peer_is(int fd, const struct address *target)
{
    static __thread char text[TEXT * 2];
    struct address peer = { .size = sizeof peer.at };

    if (getpeername(fd, (struct sockaddr *)&peer.at, &peer.size) < 0)
        return error_name(errno);
    if (target && peer.size == target->size && memcmp(&peer.at, &target->at, peer.size) == 0)
        return "target";
    return in_words(&peer, text);
}

static void say_counts(int fd, const char *what)
{
    int in = -1, out = -1;
    int result = ioctl(fd, FIONREAD, &in);

    say("%s: FIONREAD %s %d", what, outcome(result), in);
    result = ioctl(fd, SIOCOUTQ, &out);
    say("%s: SIOCOUTQ %s %d", what, outcome(result), out);
}

void say_state(int fd, const char *what)
{
    char text[TEXT * 2], byte = 'x';
    struct address name = address_of(fd);

    say("%s: poll %s", what, poll_bits(fd, 0));
    say("%s: SO_ERROR %d", what, option(fd, SOL_SOCKET, SO_ERROR));
    say("%s: SO_ERROR again %d", what, option(fd, SOL_SOCKET, SO_ERROR));
    say("%s: poll after SO_ERROR %s", what, poll_bits(fd, 0));
    say("%s: recv %s", what, outcome(recv(fd, &byte, 1, MSG_DONTWAIT)));
    say("%s: read once more %s", what, outcome(recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK)));
    say("%s: send %s", what, outcome(send(fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL)));
    say("%s: peer %s", what, peer_is(fd, NULL));
    say("%s: name %s", what, in_words(&name, text));
    say("%s: flags %x %x", what, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
    say_counts(fd, what);
}

/* With SO_RCVLOWAT poll() may never report what recv() would give. */
static ssize_t receive(int fd, char *buffer, size_t size)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };

    poll(&ready, 1, option(fd, SOL_SOCKET, SO_RCVLOWAT) > 1 ? 500 : 5000);
    return recv(fd, buffer, size, MSG_DONTWAIT);
}

void say_exchange(int fd, int listening)
{
    char buffer[16] = "";
    struct pollfd ready = { .fd = listening, .events = POLLIN };
    int other = poll(&ready, 1, 5000) == 1 ? accept(listening, NULL, NULL) : -1;

    say("exchange: accepted %s", other < 0 ? "nothing" : "one");
    if (other < 0)
        return;
    say("exchange: they send %s", outcome(send(other, "hello", 5, MSG_NOSIGNAL)));
    say("exchange: we hear %s", outcome(receive(fd, buffer, sizeof buffer)));
    say("exchange: which is '%.5s'", buffer);
    memset(buffer, 0, sizeof buffer);
    say("exchange: we send %s", outcome(send(fd, "thanks", 6, MSG_NOSIGNAL)));
    say("exchange: they hear %s", outcome(receive(other, buffer, sizeof buffer)));
    say("exchange: which is '%.6s'", buffer);
    close(other);
    say("exchange: they close, we hear %s", outcome(receive(fd, buffer, sizeof buffer)));
}

void say_open(int fd, int listening, const struct address *target)
{
    struct address name = address_of(fd);
    char text[TEXT * 2];

    say("open: poll %s", poll_bits(fd, 0));
    say("open: peer %s", peer_is(fd, target));
    say("open: name %s", in_words(&name, text));
    say("open: SO_ERROR %d", option(fd, SOL_SOCKET, SO_ERROR));
    say("open: flags %x %x", fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
    say("open: connect again %s", connected(fd, target));
    say_counts(fd, "open");
    say_exchange(fd, listening);
}

int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Milliseconds that this thread could have run, but others did. */
static int64_t kept_from_running(void)
{
    unsigned long long kept = 0;
    char text[TEXT] = "";
    int file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);

    if (file >= 0 && read(file, text, sizeof text - 1) > 0)
        sscanf(text, "%*u %llu", &kept);
    close(file);
    return (int64_t)(kept / 1000000);
}

/* A loaded machine is slow; none is early. */
const char *elapsed(int64_t since, int expected)
{
    static __thread char text[TEXT];
    int64_t took = now_ms() - since;

    if (took >= expected - 10 && took - kept_from_running() < expected + 600)
        return "in time";
    snprintf(text, sizeof text, "after %d ms", (int)took);
    return text;
}

static void count(int number)
{
    (void)number;
    handled++;
}

void handle(int number, int flags)
{
    struct sigaction action = { .sa_handler = count, .sa_flags = flags };

    sigaction(number, &action, NULL);
}
