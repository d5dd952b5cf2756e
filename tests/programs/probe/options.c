/* What connect() must not touch. */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static const struct {
    const char *name;
    int level, number, value; /* value -1: looked at, not set */
} options[] = {
    { "TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1 },
    { "SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1 },
    { "TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 77 },
    { "TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, 33 },
    { "TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, 7 },
    { "SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, 30000 },
    { "SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, 40000 },
    { "SO_MARK", SOL_SOCKET, SO_MARK, 5 },
    { "SO_PRIORITY", SOL_SOCKET, SO_PRIORITY, 4 },
    { "SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT, 100 },
    { "SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 1 },
    { "SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1 },
    { "TCP_CORK", IPPROTO_TCP, TCP_CORK, 1 },
    { "TCP_SYNCNT", IPPROTO_TCP, TCP_SYNCNT, 3 },
    { "TCP_LINGER2", IPPROTO_TCP, TCP_LINGER2, 9 },
    { "TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 12345 },
    { "TCP_NOTSENT_LOWAT", IPPROTO_TCP, TCP_NOTSENT_LOWAT, 5555 },
    { "TCP_QUICKACK", IPPROTO_TCP, TCP_QUICKACK, -1 },
    { "TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, -1 },
    { "TCP_MAXSEG", IPPROTO_TCP, TCP_MAXSEG, 900 },
    { "TCP_WINDOW_CLAMP", IPPROTO_TCP, TCP_WINDOW_CLAMP, 20000 },
    { "IP_TOS", IPPROTO_IP, IP_TOS, 0x10 },
    { "IP_TTL", IPPROTO_IP, IP_TTL, 33 },
    { "IP_RECVERR", IPPROTO_IP, IP_RECVERR, 1 },
    { "IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY, -1 },
    { "IPV6_UNICAST_HOPS", IPPROTO_IPV6, IPV6_UNICAST_HOPS, 44 },
    { "IPV6_TCLASS", IPPROTO_IPV6, IPV6_TCLASS, 0x20 },
    { "SO_TYPE", SOL_SOCKET, SO_TYPE, -1 },
    { "SO_PROTOCOL", SOL_SOCKET, SO_PROTOCOL, -1 },
    { "SO_DOMAIN", SOL_SOCKET, SO_DOMAIN, -1 },
    { "SO_ACCEPTCONN", SOL_SOCKET, SO_ACCEPTCONN, -1 },
};
enum { OPTIONS = sizeof options / sizeof *options };

static const struct timeval send_time = { 7, 500000 }, receive_time = { 0, 200000 };

static void set_times(int fd)
{
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_time, sizeof send_time);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive_time, sizeof receive_time);
}

static void set_all(int fd)
{
    struct linger linger = { 1, 3 };

    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].value >= 0)
            say("set %s: %s", options[i].name,
                outcome(setsockopt(fd, options[i].level, options[i].number, &options[i].value, sizeof(int))));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    set_times(fd);
    say("set SO_BINDTODEVICE: %s", outcome(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3)));
    say("set TCP_CONGESTION: %s", outcome(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4)));
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETOWN, getpid());
}

static void say_texts(int fd, const char *when)
{
    char name[16] = "", control[16] = "";
    struct linger linger = { 0 };
    struct timeval sent = { 0 }, received = { 0 };
    socklen_t size = sizeof name;

    getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &size);
    size = sizeof control;
    getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, control, &size);
    size = sizeof linger;
    getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size);
    size = sizeof sent;
    getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &sent, &size);
    getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &received, &size);
    say("%s: SO_BINDTODEVICE %s, TCP_CONGESTION %s, SO_LINGER %d %d", when, name, control, linger.l_onoff,
        linger.l_linger);
    say("%s: SO_SNDTIMEO %d.%06d, SO_RCVTIMEO %d.%06d", when, (int)sent.tv_sec, (int)sent.tv_usec,
        (int)received.tv_sec, (int)received.tv_usec);
    say("%s: flags %x %x, owner %s", when, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD),
        fcntl(fd, F_GETOWN) == getpid() ? "this" : "another");
}

static void say_all(int fd, const char *when)
{
    for (size_t i = 0; i < OPTIONS; i++)
        say("%s: %s %d", when, options[i].name, option(fd, options[i].level, options[i].number));
    say_texts(fd, when);
}

static uint64_t cookie(int fd)
{
    uint64_t value = 0;
    socklen_t size = sizeof value;

    getsockopt(fd, SOL_SOCKET, SO_COOKIE, &value, &size);
    return value;
}

static void through_life(int fd)
{
    int listening = listener();
    struct address good = address_of(listening), bad = refusing();
    uint64_t before = cookie(fd);
    int64_t start;

    say_all(fd, "before");
    say("%s", connected(fd, &bad));
    say_all(fd, "failed");
    start = now_ms();
    say("%s", connected(fd, &good));
    say("%s", elapsed(start, 0));
    say_all(fd, "open");
    say_open(fd, listening, &good);
    say("%s", before == cookie(fd) ? "the same socket" : "another socket");
}

static void nothing_set(void)
{
    through_life(tcp());
}

static void all_set(void)
{
    int fd = tcp();

    set_all(fd);
    through_life(fd);
}

static void one_set(void)
{
    struct address bad = refusing();

    for (size_t i = 0; i < OPTIONS; i++) {
        int fd = tcp(), listening = listener();
        struct address good = address_of(listening);

        if (options[i].value >= 0)
            setsockopt(fd, options[i].level, options[i].number, &options[i].value, sizeof(int));
        say("%s: %s", options[i].name, connected(fd, &bad));
        say("%s", connected(fd, &good));
        say("%s is %d", options[i].name, option(fd, options[i].level, options[i].number));
        say_exchange(fd, listening);
        close(fd);
    }
}

enum { QUICK_TRIES = 10, QUICK = 150 };

/* The shortest of several: what is held back is so each time, and a busy machine is slow now and then. */
static int64_t shortest_connect(int level, int number, int value)
{
    int64_t shortest = INT64_MAX;

    for (int i = 0; i < QUICK_TRIES && shortest >= QUICK; i++) {
        int fd = tcp(), listening = listener();
        struct address good = address_of(listening);
        int64_t start = now_ms(), took;

        setsockopt(fd, level, number, &value, sizeof value);
        connected(fd, &good);
        took = now_ms() - start;
        shortest = took < shortest ? took : shortest;
        close(fd);
        close(listening);
    }
    return shortest;
}

/* A corked request would go out 200 ms late, a reply below the mark would never be reported. */
static void say_quick(const char *what, int level, int number, int value)
{
    int fd = tcp(), listening = listener();
    struct address good = address_of(listening);

    setsockopt(fd, level, number, &value, sizeof value);
    say("%s: %s", what, connected(fd, &good));
    say("%s: %s", what, shortest_connect(level, number, value) < QUICK ? "at once" : "late");
    say("%s: %d", what, option(fd, level, number));
}

static void quick(void)
{
    say_quick("TCP_CORK", IPPROTO_TCP, TCP_CORK, 1);
    say_quick("SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT, 1000);
    say_quick("SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, 1);
    say_quick("SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, 1);
    say_quick("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1);
}

static void no_delay_of_us(void)
{
    int listening = listener(), fd = tcp();
    struct address good = address_of(listening);

    set_times(fd);
    for (int i = 0; i < 3; i++) {
        struct address bad = refusing();

        say("%s", connected(fd, &bad));
        say_texts(fd, "failed");
    }
    say("%s", connected(fd, &good));
    say_texts(fd, "open");
}

static void v6only(void)
{
    int on = 1, fd = tcp(), listening = listener();
    struct address good = address_of(listening), bad = refusing();

    if (mode.family == AF_INET || mode.mapped)
        return say("not IPv6");
    say("set: %s", outcome(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)));
    say("%s", connected(fd, &bad));
    say("%d", option(fd, IPPROTO_IPV6, IPV6_V6ONLY));
    say("%s", connected(fd, &good));
    say("%d", option(fd, IPPROTO_IPV6, IPV6_V6ONLY));
    say_open(fd, listening, &good);
}

static void say_bound(const char *what, struct address source, int v6only_value)
{
    int fd = tcp(), listening = listener();
    struct address good = address_of(listening), bad = refusing(), before, after;

    if (v6only_value && mode.family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only_value, sizeof v6only_value);
    say("%s: %s", what, outcome(bind(fd, (struct sockaddr *)&source.at, source.size)));
    before = address_of(fd);
    say("%s: %s", what, connected(fd, &bad));
    after = address_of(fd);
    say("%s: %s name after failure", what,
        memcmp(&before, &after, sizeof before) == 0 ? "the same" : "another");
    say("%s: %s", what, connected(fd, &good));
    after = address_of(fd);
    say("%s: %s port", what, port_of(&before) == port_of(&after) ? "the same" : "another");
    set_port(&before, 0), set_port(&after, 0);
    say("%s: %s address", what, memcmp(&before, &after, sizeof before) == 0 ? "the same" : "another");
    say_open(fd, listening, &good);
}

/* A port that was free just now. */
static struct address some_port(const char *four, const char *six)
{
    struct address any = host(four, six, 0), out;
    int fd = tcp();

    if (bind(fd, (struct sockaddr *)&any.at, any.size) < 0)
        fail("bind");
    out = address_of(fd);
    close(fd);
    return out;
}

static void bound_sources(void)
{
    say_bound("address", host("127.0.0.1", "::1", 0), 0);
    say_bound("another address", host("127.0.0.9", "::1", 0), 0);
    say_bound("address and port", some_port("127.0.0.1", "::1"), 0);
    say_bound("any address", host("0.0.0.0", "::", 0), 0);
    say_bound("port", some_port("0.0.0.0", "::"), 0);
    if (!mode.mapped)
        say_bound("any IPv6 address, only", host("0.0.0.0", "::", 0), 1);
}

static void port_kept(void)
{
    struct address source = some_port("127.0.0.1", "::1"), bad = refusing();
    int fd = tcp();

    say("%s", outcome(bind(fd, (struct sockaddr *)&source.at, source.size)));
    say("%s", connected(fd, &bad));
    say("somebody else: %s", outcome(bind(tcp(), (struct sockaddr *)&source.at, source.size)));
}

static void fast_open(void)
{
    int on = 1, fd = tcp(), listening = listener();
    struct address good = address_of(listening);

    say("set: %s", outcome(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on)));
    say("%s", connected(fd, &good));
    say_open(fd, listening, &good);
}

const struct row option_rows[] = {
    { "options not set", nothing_set },    { "options set", all_set },
    { "options one by one", one_set },     { "options that hold back", quick },
    { "time-outs stay", no_delay_of_us },  { "IPV6_V6ONLY", v6only },
    { "bound sources", bound_sources },    { "bound port is kept", port_kept },
    { "TCP_FASTOPEN_CONNECT", fast_open }, { 0 },
};
