/* Descriptors that are not fit for it, and those that are in an unusual way. */
#include "probe.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

static void show(const char *what, int fd)
{
    int listening = listener();
    struct address good = address_of(listening);

    say("%s: %s", what, connected(fd, &good));
    say("%s: peer %s", what, peer_is(fd, &good));
    close(listening);
}

static void unfit(void)
{
    struct sockaddr_un path = { .sun_family = AF_UNIX };
    int ends[2], pair[2], named = socket(AF_UNIX, SOCK_STREAM, 0);

    show("-1", -1);
    show("never opened", 900);
    show("beyond all limits", 2000000000);
    show("least", -2147483647 - 1);
    if (pipe(ends) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        fail("pipe");
    show("pipe", ends[1]);
    show("file", open("/dev/null", O_RDWR));
    show("directory", open("/", O_RDONLY | O_DIRECTORY));
    show("O_PATH", open("/", O_PATH));
    show("epoll", epoll_create1(0));
    show("UNIX pair", pair[0]);
    show("UNIX", named);
    say("UNIX to nowhere: %s", outcome(connect(named, (struct sockaddr *)&path, sizeof path)));
    show("UNIX datagram", socket(AF_UNIX, SOCK_DGRAM, 0));
    show("UDP", socket(mode.family, SOCK_DGRAM, 0));
    show("raw", socket(mode.family, SOCK_RAW, IPPROTO_UDP));
    show("SCTP", socket(mode.family, SOCK_STREAM, 132));
}

/* UDP is the kernel's. */
static void datagrams(void)
{
    struct address here = loopback(0);
    int fd = socket(mode.family, SOCK_DGRAM, 0), other = socket(mode.family, SOCK_DGRAM, 0);
    char buffer[8] = "";

    if (bind(other, (struct sockaddr *)&here.at, here.size) < 0)
        fail("bind");
    here = address_of(other);
    say("%s", connected(fd, &here));
    say("peer %s", peer_is(fd, &here));
    say("send %s", outcome(send(fd, "hi", 2, 0)));
    say("recv %s", outcome(recv(other, buffer, sizeof buffer, 0)));
}

static void closed(void)
{
    int fd = tcp(), listening = listener();
    struct address good = address_of(listening);

    close(fd);
    say("%s", connected(fd, &good));
    fd = tcp();
    say("%s", connected(fd, &good));
    close(fd);
    say("closed after it was open: %s", connected(fd, &good));
    say("closed after it was open: peer %s", peer_is(fd, &good));
}

static void high_one(int number)
{
    struct rlimit limit;
    int listening = listener();
    struct address good = address_of(listening), bad = refusing();

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    tcp_at(number);
    say("%d: %s", number, connected(number, &bad));
    say_state(number, "failed");
    say("%d: %s", number, connected(number, &good));
    say_open(number, listening, &good);
}

static void high(void)
{
    high_one(1023);
    high_one(1024);
    high_one(4097);
    high_one(19998);
}

/* Needs a limit that an ordinary user has not got; natively and through a proxy the same in any case. */
static void higher(void)
{
    struct rlimit limit = { 1 << 20, 1 << 20 };

    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return say("the limit does not allow it");
    high_one(65537);
    high_one((1 << 20) - 1);
}

static void standard_streams(void)
{
    high_one(0);
    high_one(1);
    high_one(2);
}

static int exhaust(rlim_t limit)
{
    struct rlimit few = { limit, limit };
    int last = -1, fd;

    if (setrlimit(RLIMIT_NOFILE, &few) < 0)
        fail("setrlimit");
    while ((fd = dup(0)) >= 0)
        last = fd;
    return last;
}

static void none_to_spare(void)
{
    struct address good, bad = refusing();
    int fd = tcp(), listening = listener(), last;
    struct rlimit limit;

    good = address_of(listening);
    last = exhaust(48);
    say("dup %s", outcome(dup(0)));
    say("%s", connected(fd, &bad));
    say_state(fd, "failed");
    say("%s", connected(fd, &good));
    close(last);
    say_open(fd, listening, &good);
    getrlimit(RLIMIT_NOFILE, &limit);
    say("limit %d %d", (int)limit.rlim_cur, (int)limit.rlim_max);
    say("the lowest free one is %s", dup(0) == last ? "the one that was closed" : "another");
}

/* What is open stays open when the limit falls below it. */
static void limit_below(void)
{
    struct rlimit few = { 3, 3 };
    int fd = tcp(), listening = listener();
    struct address good = address_of(listening), bad = refusing();

    if (setrlimit(RLIMIT_NOFILE, &few) < 0)
        fail("setrlimit");
    say("dup %s", outcome(dup(0)));
    say("%s", connected(fd, &bad));
    say("%s", connected(fd, &good));
    say("peer %s", peer_is(fd, &good));
    say("poll %s", poll_bits(fd, 0));
}

static void lowest_free(void)
{
    int first = dup(0), fd = tcp(), listening = listener();
    struct address good = address_of(listening), bad = refusing();

    close(first);
    say("%s", connected(fd, &bad));
    say("%s", connected(fd, &good));
    say("the lowest free one is %s", dup(0) == first ? "the same" : "another");
}

const struct row descriptor_rows[] = {
    { "unfit descriptors", unfit },
    { "UDP", datagrams },
    { "closed descriptors", closed },
    { "high descriptors", high },
    { "higher descriptors", higher },
    { "standard streams", standard_streams },
    { "no spare descriptor", none_to_spare },
    { "limit below", limit_below },
    { "no descriptor is taken", lowest_free },
    { 0 },
};
