/* What connect() returns, and the state in which it leaves the socket. */
#include "probe.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

/* Another attempt on a socket that has failed. */
static void say_recovery(int fd)
{
    int listening = listener();
    struct address good = address_of(listening);

    say("a good target afterwards: %s", connected(fd, &good));
    say_open(fd, listening, &good);
}

static void say_all_of_failure(int fd)
{
    say_state(fd, "failed");
    say_recovery(fd);
}

static void recv_first(int fd)
{
    char byte;

    under("recv first");
    say("%s", outcome(recv(fd, &byte, 1, 0)));
    say_state(fd, "then");
    say_recovery(fd);
}

static void send_first(int fd)
{
    under("send first");
    handle(SIGPIPE, 0);
    say("%s", outcome(send(fd, "x", 1, 0)));
    say("SIGPIPE %d", handled);
    say_state(fd, "then");
    say_recovery(fd);
}

static void shutdown_first(int fd)
{
    under("shutdown first");
    say("%s", outcome(shutdown(fd, SHUT_RDWR)));
    say_state(fd, "then");
    say_recovery(fd);
}

static void connect_first(int fd)
{
    under("connect first");
    say_recovery(fd);
}

static void unspec_first(int fd)
{
    static const struct address none = { .size = sizeof(struct sockaddr) };

    under("AF_UNSPEC first");
    say("%s", connected(fd, &none));
    say_state(fd, "then");
    say_recovery(fd);
}

static void with_epoll(int fd)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP, .data.u64 = 4711 };
    int set = epoll_create1(0), count;

    under("with epoll");
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    count = epoll_wait(set, &event, 1, 0);
    say("epoll: %d, events %x, data %d", count, event.events, (int)event.data.u64);
    say_recovery(fd);
    count = epoll_wait(set, &event, 1, 0);
    say("epoll: %d, events %x, data %d", count, event.events, (int)event.data.u64);
}

static void (*const afterwards[])(int fd) = { say_all_of_failure, recv_first,   send_first, shutdown_first,
                                              connect_first,      unspec_first, with_epoll };

static void fail_and_look(const struct address *bad, int (*make)(void))
{
    for (size_t i = 0; i < sizeof afterwards / sizeof *afterwards; i++) {
        int fd = make();

        say("%s", connected(fd, bad));
        afterwards[i](fd);
        under(NULL);
        close(fd);
    }
}

static void open_at_once(void)
{
    int fd = tcp(), listening = listener();
    struct address good = address_of(listening);

    say("%s", connected(fd, &good));
    say_open(fd, listening, &good);
}

static void refused(void)
{
    struct address bad = refusing();

    fail_and_look(&bad, tcp);
}

static void refused_twice(void)
{
    struct address bad = refusing();
    int fd = tcp();

    say("%s", connected(fd, &bad));
    say("%s", connected(fd, &bad));
    say_all_of_failure(fd);
}

static void unreachable(void)
{
    struct address bad = host("255.255.255.255", "ff02::1", 80);

    fail_and_look(&bad, tcp);
}

/* For a network namespace with such a route: elsewhere the address would lead away from this machine. */
static void no_route(void)
{
    struct address bad = host("203.0.113.7", "2001:db8::7", 80);

    if (!mode.no_route)
        return say("there may be a route");
    fail_and_look(&bad, tcp);
}

static void port_0(void)
{
    struct address bad = loopback(0);

    fail_and_look(&bad, tcp);
}

/* Natively by a limit on the socket, which means nothing to a proxy: that has a limit of its own. */
static int impatient(void)
{
    unsigned limit = 300;
    int fd = tcp();

    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
    return fd;
}

static void timed_out(void)
{
    struct address bad = loopback(mode.timing_out);
    int listening = socket(mode.family, SOCK_STREAM, 0), fd, on = 1;

    if (mode.timing_out == 0 || mode.protocol == IPPROTO_MPTCP)
        return say("no port to time out at, or no such limit");
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listening, (struct sockaddr *)&bad.at, bad.size) < 0 || listen(listening, 0) < 0)
        fail("the port to time out at");
    connected(tcp(), &bad); /* fills the queue natively, times out through a proxy: nothing to show */
    for (size_t i = 0; i < 2; i++) {
        fd = impatient();
        say("%s", connected(fd, &bad));
        afterwards[i](fd);
    }
}

static void connected_already(void)
{
    int fd = tcp(), listening = listener(), other = listener();
    struct address good = address_of(listening), another = address_of(other), bad = refusing(),
                   short_one = good;

    short_one.size = 3;
    say("%s", connected(fd, &good));
    say("the same: %s", connected(fd, &good));
    say("another: %s", connected(fd, &another));
    say("a refusing one: %s", connected(fd, &bad));
    say("three bytes: %s", connected(fd, &short_one));
    say("NULL: %s", outcome(connect(fd, NULL, good.size)));
    say("a bad pointer: %s", outcome(connect(fd, (void *)1, good.size)));
    say_open(fd, listening, &good);
    say("closed by them, the same again: %s", connected(fd, &good));
}

static void dissolved(void)
{
    static const struct address none = { .size = sizeof(struct sockaddr) }, shortest = { .size = 2 },
                                one = { .size = 1 };
    int fd = tcp(), listening = listener(), other = listener();
    struct address good = address_of(listening), another = address_of(other);

    say("at once: %s", connected(fd, &none));
    say_state(fd, "new");
    say("%s", connected(fd, &good));
    say("one byte: %s", connected(fd, &one));
    say("%s", connected(fd, &none));
    say_state(fd, "dissolved");
    say("%s", connected(fd, &another));
    say_open(fd, other, &another);
    say("%s", connected(fd, &shortest));
    say("twice: %s", connected(fd, &shortest));
    say("peer: %s", peer_is(fd, &another));
    say_recovery(fd);
}

static void listening_one(void)
{
    int fd = listener(), other = listener();
    struct address good = address_of(other), own = address_of(fd);

    say("%s", connected(fd, &good));
    say("itself: %s", connected(fd, &own));
    say("it still listens: %s", connected(tcp(), &own));
}

/* To itself: a simultaneous open. */
static void own_address(void)
{
    struct address any = loopback(0), own;
    int fd = tcp();

    if (bind(fd, (struct sockaddr *)&any.at, any.size) < 0)
        fail("bind");
    own = address_of(fd);
    say("bound, another socket to it: %s", connected(tcp(), &own));
}

static void wildcard(void)
{
    int fd = tcp(), listening = listener();
    struct address good = address_of(listening), any = host("0.0.0.0", "::", port_of(&good));

    say("%s", connected(fd, &any));
    say_open(fd, listening, &good);
}

/* A socket that saw everything, one after the other. */
static void many_lives(void)
{
    static const struct address none = { .size = sizeof(struct sockaddr) };
    struct address bad = refusing(), good;
    int fd = tcp(), listening = listener();

    good = address_of(listening);
    for (int life = 0; life < 5; life++) {
        say("refused: %s", connected(fd, &bad));
        say("good: %s", connected(fd, &good));
        say_open(fd, listening, &good);
        say("dissolved: %s", connected(fd, &none));
        say("peer: %s", peer_is(fd, &good));
    }
}

const struct row result_rows[] = {
    { "open", open_at_once },
    { "refused", refused },
    { "refused twice", refused_twice },
    { "unreachable", unreachable },
    { "no route", no_route },
    { "port 0", port_0 },
    { "timed out", timed_out },
    { "connected already", connected_already },
    { "AF_UNSPEC", dissolved },
    { "listening socket", listening_one },
    { "address of a bound socket", own_address },
    { "wildcard address", wildcard },
    { "many lives", many_lives },
    { 0 },
};
