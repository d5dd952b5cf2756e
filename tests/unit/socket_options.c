/* Options of one socket carried over to another, on real sockets; kernels that lack a question are played. */
#include "support/rows.h"

#include <ptunnel/socket_options.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

/* As before Linux 5.14. */
static int old_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    if (level != SOL_SOCKET || name != SO_BUF_LOCK)
        return getsockopt(fd, level, name, value, size);
    errno = ENOPROTOOPT;
    return -1;
}

static const struct net now = { .getsockopt = getsockopt, .setsockopt = setsockopt };
static const struct net old = { .getsockopt = old_getsockopt, .setsockopt = setsockopt };

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;

    assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

static void set(int fd, int level, int name, int value)
{
    assert_int_equal(setsockopt(fd, level, name, &value, sizeof value), 0);
}

static int tcp(int family)
{
    int fd = socket(family, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    return fd;
}

static void sizes_are_carried(const struct net *net)
{
    int from = tcp(AF_INET), to = tcp(AF_INET), plain = tcp(AF_INET);

    set(from, SOL_SOCKET, SO_RCVBUF, 40000);
    set(from, SOL_SOCKET, SO_SNDBUF, 30000);
    socket_options_copy(net, fcntl, from, to, AF_INET);
    assert_int_equal(option(to, SOL_SOCKET, SO_RCVBUF), option(from, SOL_SOCKET, SO_RCVBUF));
    assert_int_equal(option(to, SOL_SOCKET, SO_SNDBUF), option(from, SOL_SOCKET, SO_SNDBUF));
    assert_int_not_equal(option(to, SOL_SOCKET, SO_RCVBUF), option(plain, SOL_SOCKET, SO_RCVBUF));
    close(from);
    close(to);
    close(plain);
}

static void buffer_sizes(void **state)
{
    (void)state;
    sizes_are_carried(&now);
}

static void buffer_sizes_on_old_kernels(void **state)
{
    (void)state;
    sizes_are_carried(&old);
}

/* One that is set does not grow any more. */
static void what_was_not_set_stays_the_kernels(void **state)
{
    const struct net *nets[] = { &now, &old };

    (void)state;
    for (int i = 0; i < 2; i++) {
        int from = tcp(AF_INET), to = tcp(AF_INET), locks = -1;
        socklen_t size = sizeof locks;

        socket_options_copy(nets[i], fcntl, from, to, AF_INET);
        if (getsockopt(to, SOL_SOCKET, SO_BUF_LOCK, &locks, &size) == 0)
            assert_int_equal(locks, 0);
        assert_int_equal(option(to, SOL_SOCKET, SO_SNDBUF), option(from, SOL_SOCKET, SO_SNDBUF));
        close(from);
        close(to);
    }
}

static void options_flags_and_families(void **state)
{
    int from = tcp(AF_INET), to = tcp(AF_INET6);

    (void)state;
    set(from, IPPROTO_TCP, TCP_NODELAY, 1);
    set(from, IPPROTO_IP, IP_TOS, 0x10);
    fcntl(from, F_SETFL, O_NONBLOCK);
    socket_options_copy(&now, fcntl, from, to, AF_INET6);
    assert_int_equal(option(to, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option(to, IPPROTO_IPV6, IPV6_TCLASS), 0x10);
    assert_true(fcntl(to, F_GETFL) & O_NONBLOCK);
    close(from);
    close(to);
}

int main(void)
{
    STORY(buffer_sizes);
    STORY(buffer_sizes_on_old_kernels);
    STORY(what_was_not_set_stays_the_kernels);
    STORY(options_flags_and_families);
    return rows_run("socket_options");
}
