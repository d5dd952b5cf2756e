/* Addresses that are none: what the kernel says, and that the socket is as it was. */
#include "probe.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#define UNMAPPED ((void *)0x10000) /* nobody maps anything there */

/* The good target still works. */
static void then_good(int fd)
{
    int listening = listener();
    struct address good = address_of(listening);

    say("then a good target: %s", connected(fd, &good));
    say("then a good target: peer %s", peer_is(fd, &good));
    close(listening);
    close(fd);
}

static void show(const char *what, const void *address, socklen_t size)
{
    int fd = tcp();

    say("%s: %s", what, outcome(connect(fd, address, size)));
    say("%s: poll %s", what, poll_bits(fd, 0));
    then_good(fd);
}

static void pointers(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    socklen_t size = loopback(1).size;
    static const int cuts[] = { 1, 2, 4, 8, 12, 15, 16, 20, 24, 27, 28 };
    struct address good = loopback(9);

    if (pages == MAP_FAILED || mprotect(pages + page, (size_t)page, PROT_NONE) < 0)
        fail("mmap");
    show("NULL", NULL, size);
    show("1", (void *)1, size);
    show("-1", (void *)-1, size);
    show("unmapped", UNMAPPED, size);
    show("PROT_NONE", pages + page, size);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        char *start = pages + page - cuts[i], what[32] = "cut at ";

        memcpy(start, &good.at, cuts[i] < (int)size ? (size_t)cuts[i] : size);
        strcat(what, outcome(cuts[i]));
        show(what, start, size);
    }
    show("NULL and length 0", NULL, 0);
    show("PROT_NONE and length 0", pages + page, 0);
    show("PROT_NONE and length -1", pages + page, (socklen_t)-1);
}

/* A pointer is as bad on a socket that has a past. */
static void pointers_again(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct address bad = refusing(), good;
    int fd = tcp(), listening = listener();

    good = address_of(listening);
    mprotect(pages + page, (size_t)page, PROT_NONE);
    memcpy(pages + page - 8, &good.at, 8);
    for (int round = 0; round < 2; round++) {
        say("%s", connected(fd, round ? &good : &bad));
        say("NULL: %s", outcome(connect(fd, NULL, good.size)));
        say("1: %s", outcome(connect(fd, (void *)1, good.size)));
        say("unmapped: %s", outcome(connect(fd, UNMAPPED, good.size)));
        say("PROT_NONE: %s", outcome(connect(fd, (void *)(pages + page), good.size)));
        say("cut: %s", outcome(connect(fd, (void *)(pages + page - 8), good.size)));
        say("cut in the family: %s", outcome(connect(fd, (void *)(pages + page - 1), good.size)));
        say("poll %s", poll_bits(fd, 0));
        say("peer %s", peer_is(fd, &good));
    }
}

static void lengths(void)
{
    static const int sizes[] = { 0,  1,  2,  3,  4,  8,  14,  15,  16,  17,   20, 23,
                                 24, 25, 27, 28, 29, 64, 127, 128, 129, 4096, -1 };
    int listening = listener(), fd;
    struct address good = address_of(listening);
    char room[8192] = { 0 };

    memcpy(room, &good.at, sizeof good.at);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fd = tcp();
        say("length %d: %s", sizes[i], outcome(connect(fd, (void *)room, (socklen_t)sizes[i])));
        say("length %d: poll %s", sizes[i], poll_bits(fd, 0));
        say("length %d: peer %s", sizes[i], peer_is(fd, &good));
        close(fd);
    }
}

static void families(void)
{
    struct sockaddr_in four = { .sin_family = AF_INET,
                                .sin_port = htons(9),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6,
                                .sin6_port = htons(9),
                                .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "/no-such-socket" };
    struct sockaddr_storage other = { .ss_family = 0xffff };

    show("UNIX", &path, sizeof path);
    show("family 65535", &other, sizeof other);
    other.ss_family = 100;
    show("family 100", &other, sizeof other);
    other.ss_family = 1000;
    show("family 1000", &other, sizeof other);
    if (mode.family == AF_INET)
        show("IPv6 on IPv4", &six, sizeof six);
    else
        show("IPv4 on IPv6", &four, sizeof four);
}

/* A family of its own is not taken for something else. */
static void families_and_options(void)
{
    struct sockaddr_storage other = { 0 };
    int size = 900, fd;

    for (int family = 0; family < 80; family += 7) {
        fd = tcp();
        setsockopt(fd, IPPROTO_TCP, 2, &size, sizeof size);
        other.ss_family = (sa_family_t)family;
        say("family %d: %s", family, outcome(connect(fd, (struct sockaddr *)&other, 16)));
        say("family %d: TCP_MAXSEG %d", family, option(fd, IPPROTO_TCP, 2));
        close(fd);
    }
}

/* The address is taken once: what becomes of it afterwards has no say. In the last bytes of a page it is as
 * good. */
static void end_of_page(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = tcp(), listening = listener();
    struct address good = address_of(listening);

    mprotect(pages + page, (size_t)page, PROT_NONE);
    memcpy(pages + page - good.size, &good.at, good.size);
    mprotect(pages, (size_t)page, PROT_READ);
    say("%s", outcome(connect(fd, (struct sockaddr *)(pages + page - good.size), good.size)));
    say_open(fd, listening, &good);
}

static void flow_and_scope(void)
{
    int fd = tcp(), listening = listener();
    struct address good = address_of(listening), odd = good;

    if (mode.family == AF_INET) {
        memset(((struct sockaddr_in *)&odd.at)->sin_zero, 0xee, 8);
    } else {
        ((struct sockaddr_in6 *)&odd.at)->sin6_flowinfo = htonl(5);
        ((struct sockaddr_in6 *)&odd.at)->sin6_scope_id = 1;
    }
    say("%s", connected(fd, &odd));
    say_open(fd, listening, &good);
}

const struct row address_rows[] = {
    { "bad pointers", pointers },
    { "bad pointers later", pointers_again },
    { "lengths", lengths },
    { "wrong families", families },
    { "families like sizes", families_and_options },
    { "end of a page", end_of_page },
    { "fields without meaning", flow_and_scope },
    { 0 },
};
