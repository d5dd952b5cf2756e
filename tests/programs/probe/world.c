/* Targets, all on loopback and all in this process: the kernel's queue accepts for them. */
#include "probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

int tcp(void)
{
    int fd = socket(mode.family, SOCK_STREAM, mode.protocol);

    if (fd < 0)
        fail("socket");
    return fd;
}

int tcp_at(int number)
{
    int fd = tcp();

    if (dup2(fd, number) < 0)
        fail("dup2");
    if (fd != number)
        close(fd);
    return number;
}

struct address host(const char *four, const char *six, uint16_t port)
{
    struct address out = { 0 };
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    if (inet_pton(AF_INET, four, &v4.sin_addr) != 1 || inet_pton(AF_INET6, six, &v6.sin6_addr) != 1)
        fail("address");
    if (mode.mapped) {
        memcpy(v6.sin6_addr.s6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
        memcpy(v6.sin6_addr.s6_addr + 12, &v4.sin_addr, 4);
    }
    out.size = mode.family == AF_INET ? sizeof v4 : sizeof v6;
    memcpy(&out.at, mode.family == AF_INET ? (void *)&v4 : (void *)&v6, out.size);
    return out;
}

struct address loopback(uint16_t port)
{
    return host("127.0.0.1", "::1", port);
}

struct address address_of(int fd)
{
    struct address out = { .size = sizeof out.at };

    if (getsockname(fd, (struct sockaddr *)&out.at, &out.size) < 0)
        fail("getsockname");
    return out;
}

/* In both families the port stands at the same place. */
uint16_t port_of(const struct address *address)
{
    return ntohs(((const struct sockaddr_in *)&address->at)->sin_port);
}

void set_port(struct address *address, uint16_t port)
{
    ((struct sockaddr_in *)&address->at)->sin_port = htons(port);
}

static int bound_to(struct address here)
{
    int on = 1, fd = socket(mode.family, SOCK_STREAM, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&here.at, here.size) < 0)
        fail("bind");
    return fd;
}

/* A second socket keeps the port when the first is closed: nobody else in this machine shall listen there. */
static int bound(uint16_t port)
{
    return bound_to(address_of(bound_to(loopback(port))));
}

int listener(void)
{
    int fd = bound(0);

    if (listen(fd, 64) < 0)
        fail("listen");
    return fd;
}

static void fill(int fd)
{
    struct address here = address_of(fd);

    if (listen(fd, 0) < 0 || connect(tcp(), (struct sockaddr *)&here.at, here.size) < 0)
        fail("filling a queue");
}

/* A queue of length 0 has room for one. */
int full_listener(void)
{
    int fd = bound(0);

    fill(fd);
    return fd;
}

void drain(int listening)
{
    if (accept(listening, NULL, NULL) < 0)
        fail("accept");
}

struct address refusing(void)
{
    return address_of(bound(0));
}
