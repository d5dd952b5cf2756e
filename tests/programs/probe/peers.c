/* getpeername(), of whatever names the socket. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct address target;
static int listening;

static int open_tunnel(void)
{
    int fd = tcp();

    if (listening == 0) {
        listening = listener();
        target = address_of(listening);
    }
    say("%s", connected(fd, &target));
    return fd;
}

static void sizes(void)
{
    static const int room[] = { 0, 1, 2, 4, 8, 15, 16, 17, 24, 27, 28, 29, 128, 4096, -1, -4096, 0x7fffffff };
    int fd = open_tunnel();

    for (size_t i = 0; i < sizeof room / sizeof *room; i++) {
        char buffer[4096];
        socklen_t size = (socklen_t)room[i];
        int result;
        size_t same = 0, kept = 0;

        memset(buffer, 0x5a, sizeof buffer);
        result = getpeername(fd, (struct sockaddr *)buffer, &size);
        while (same < target.size && buffer[same] == ((char *)&target.at)[same])
            same++;
        for (size_t at = 0; at < sizeof buffer; at++)
            kept += buffer[at] == 0x5a;
        say("room %d: %s, told %d, %zu bytes of the target, %zu left alone", room[i], outcome(result),
            (int)size, same, kept);
    }
}

static void pointers(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = open_tunnel();
    socklen_t size = target.size;

    mprotect(pages + page, (size_t)page, PROT_READ);
    say("NULL: %s", outcome(getpeername(fd, NULL, &size)));
    say("1: %s", outcome(getpeername(fd, (void *)1, &size)));
    say("read-only: %s", outcome(getpeername(fd, (void *)(pages + page), &size)));
    say("read-only half: %s", outcome(getpeername(fd, (void *)(pages + page - 8), &size)));
    size = 0;
    say("NULL without room: %s", outcome(getpeername(fd, NULL, &size)));
    say("told %d", (int)size);
    say("no size: %s", outcome(getpeername(fd, (struct sockaddr *)pages, NULL)));
    say("bad size: %s", outcome(getpeername(fd, (struct sockaddr *)pages, (void *)1)));
    *(socklen_t *)(pages + page - 4) = target.size;
    say("good again: %s",
        outcome(getpeername(fd, (struct sockaddr *)pages, (socklen_t *)(pages + page - 4))));
    say("%s", memcmp(pages, &target.at, target.size) == 0 ? "target" : "not the target");
}

static void duplicates(void)
{
    int fd = open_tunnel(), copies[5];

    copies[0] = dup(fd);
    copies[1] = dup2(fd, 100);
    copies[2] = dup3(fd, 101, O_CLOEXEC);
    copies[3] = fcntl(fd, F_DUPFD, 2000);
    copies[4] = fcntl(fd, F_DUPFD_CLOEXEC, 200);
    for (int i = 0; i < 5; i++) {
        say("copy %d: peer %s", i, peer_is(copies[i], &target));
        say("copy %d: again %s", i, connected(copies[i], &target));
    }
    close(fd);
    for (int i = 0; i < 5; i++)
        say("copy %d alone: peer %s", i, peer_is(copies[i], &target));
    say("the closed one: %s", peer_is(fd, &target));
    say_exchange(copies[0], listening);
    for (int i = 0; i < 5; i++)
        close(copies[i]);
    for (int i = 0; i < 5; i++)
        say("copy %d closed: peer %s", i, peer_is(copies[i], &target));
}

/* A copy made before connect() is the same socket. */
static void early_duplicate(void)
{
    int fd = tcp(), copy = dup(fd), high = fcntl(fd, F_DUPFD, 3000);

    listening = listener();
    target = address_of(listening);
    say("%s", connected(copy, &target));
    say("by the copy: peer %s", peer_is(copy, &target));
    say("by the copy: again %s", connected(copy, &target));
    say("by the other: peer %s", peer_is(fd, &target));
    say("by the other: again %s", connected(fd, &target));
    say("by the high one: peer %s", peer_is(high, &target));
    close(copy);
    say("by the other, alone: peer %s", peer_is(fd, &target));
    say_exchange(fd, listening);
}

static int pass(int fd)
{
    char byte = 'x', room[CMSG_SPACE(sizeof fd)] = { 0 };
    struct iovec part = { &byte, 1 };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room
    };
    struct cmsghdr *control = CMSG_FIRSTHDR(&message);
    int ends[2], received = -1;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        fail("socketpair");
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(control), &fd, sizeof fd);
    if (sendmsg(ends[0], &message, 0) != 1 || recvmsg(ends[1], &message, 0) != 1)
        fail("SCM_RIGHTS");
    memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
    close(ends[0]);
    close(ends[1]);
    return received;
}

static void passed(void)
{
    int fd = open_tunnel(), received = pass(fd);

    say("exists: peer %s", peer_is(received, &target));
    say("exists: again %s", connected(received, &target));
    close(fd);
    say_exchange(received, listening);
}

static void passed_alone(void)
{
    int fd = open_tunnel(), ends[2], received;

    received = pass(fd);
    close(fd);
    if (pipe(ends) < 0)
        fail("pipe");
    say("peer %s", peer_is(received, &target));
}

/* The kernel gives a number to whoever asks next. */
static void recycled(void)
{
    int fd = open_tunnel(), number = fd, other = listener(), copy;
    struct address another = address_of(other), bad = refusing();

    close(fd);
    say("closed: %s", peer_is(number, &target));
    tcp_at(number);
    say("a new one: %s", peer_is(number, &target));
    say("refused: %s", connected(number, &bad));
    say("refused: peer %s", peer_is(number, &target));
    say("another target: %s", connected(number, &another));
    say("another target: peer %s", peer_is(number, &another));
    copy = open("/dev/null", O_RDONLY);
    dup2(copy, number);
    say("a file over it: %s", peer_is(number, &another));
    tcp_at(number);
    say("a new one over that: %s", peer_is(number, &another));
    say("%s", connected(number, &target));
    say("peer %s", peer_is(number, &target));
}

/* Closed where nobody in front of libc sees it. */
static void recycled_unseen(void)
{
    int fd = open_tunnel(), number = fd, accepted;
    struct address own, bad = refusing();
    FILE *stream = fdopen(fd, "r+");

    fclose(stream);
    say("closed: %s", peer_is(number, &target));
    tcp_at(number);
    say("a new one: %s", peer_is(number, &target));
    say("refused: %s", connected(number, &bad));
    say("refused: peer %s", peer_is(number, &target));
    fd = open_tunnel();
    own = address_of(fd);
    accepted = accept(listening, NULL, NULL);
    accepted = accept(listening, NULL, NULL);
    fclose(fdopen(number, "r"));
    dup2(accepted, number);
    say("an accepted one in its place: %s",
        peer_is(number, &target)[0] == 't' ? "the target?" : "its own peer");
    say("the other: %s", peer_is(fd, &target));
    (void)own;
}

/* Sockets that are none of ours are answered by the kernel while tunnels are open. */
static void others(void)
{
    int fd = open_tunnel(), accepted = accept(listening, NULL, NULL), pair[2],
        udp = socket(mode.family, SOCK_DGRAM, 0);
    struct address own = address_of(fd);

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        fail("socketpair");
    say("accepted: family %s", peer_is(accepted, &own)[0] == 't' || mode.family ? "some" : "none");
    say("UNIX: %s", peer_is(pair[0], &own));
    say("UDP: %s", peer_is(udp, &own));
    say("unconnected: %s", peer_is(tcp(), &own));
    say("closed: %s", peer_is(777, &own));
    say("file: %s", peer_is(0, &own));
    say("ours: %s", peer_is(fd, &target));
}

static void many(void)
{
    enum { MANY = 40 };
    int fds[MANY], wrong = 0;

    for (int i = 0; i < MANY; i++)
        fds[i] = open_tunnel();
    for (int i = 0; i < MANY; i += 2)
        close(fds[i]);
    for (int i = 0; i < MANY; i++)
        wrong += strcmp(peer_is(fds[i], &target), i % 2 ? "target" : "EBADF") != 0;
    say("wrong: %d", wrong);
}

static void ranges(void)
{
    int fd = open_tunnel(), high = fcntl(fd, F_DUPFD, 500), higher = fcntl(fd, F_DUPFD, 600);

    say("close_range: %s", outcome(close_range(500, 550, 0)));
    say("in it: %s", peer_is(high, &target));
    say("in it: out of it: %s", peer_is(higher, &target));
    say("close_range CLOEXEC: %s", outcome(close_range(600, 650, 4)));
    say("still: %s, flags %d", peer_is(higher, &target), fcntl(higher, F_GETFD));
    say("close_range backwards: %s", outcome(close_range(700, 600, 0)));
    say("still: %s", peer_is(higher, &target));
    say("dup2 of nothing: %s", outcome(dup2(888, higher)));
    say("still: %s", peer_is(higher, &target));
    say("dup2 of itself: %d", dup2(higher, higher) == higher);
    say("still: %s", peer_is(higher, &target));
    say("dup3 of itself: %s", outcome(dup3(higher, higher, 0)));
    say("still: %s", peer_is(higher, &target));
    say("dup3 with bad flags: %s", outcome(dup3(0, higher, 12345)));
    say("still: %s", peer_is(higher, &target));
    closefrom(400);
    say("closefrom: %s", peer_is(higher, &target));
    say("closefrom: %s", peer_is(fd, &target));
}

static void after_the_end(void)
{
    int fd = open_tunnel(), accepted = accept(listening, NULL, NULL);
    char byte;

    say("half closed: %s", outcome(shutdown(fd, SHUT_WR)));
    say("half closed: peer %s", peer_is(fd, &target));
    close(accepted);
    poll_bits(fd, 2000);
    say("recv %s", outcome(recv(fd, &byte, 1, 0)));
    say("both closed: peer %s", peer_is(fd, &target));
    say("again: %s", connected(fd, &target));
}

/* By the number of the system call. */
static void by_number(void)
{
    int fd = tcp();

    listening = listener();
    target = address_of(listening);
    say("%s", outcome(syscall(SYS_connect, fd, &target.at, target.size)));
    say("peer %s", peer_is(fd, &target));
    say_exchange(fd, listening);
}

const struct row peer_rows[] = {
    { "peer: sizes", sizes },
    { "peer: pointers", pointers },
    { "peer: duplicates", duplicates },
    { "peer: early duplicates", early_duplicate },
    { "peer: passed", passed },
    { "peer: passed, the other closed", passed_alone },
    { "peer: recycled", recycled },
    { "peer: recycled unseen", recycled_unseen },
    { "peer: other sockets", others },
    { "peer: many", many },
    { "peer: ranges", ranges },
    { "peer: after the end", after_the_end },
    { "peer: syscall(SYS_connect)", by_number },
    { 0 },
};
