#include "far.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static bool kernel_has_ipv6(void)
{
    static int has = -1;

    if (has < 0) {
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 && errno != EAFNOSUPPORT)
            return true; /* out of descriptors, or the like: not known yet */
        has = fd >= 0;
        if (has)
            close(fd);
    }
    return has;
}

static bool all_v4(const struct candidate *candidate)
{
    const struct addresses *known = atomic_load(&candidate->addresses);

    if (!known)
        return endpoint_is_v4(&candidate->proxy.at);
    for (size_t i = 0; i < known->count; i++)
        if (!IN6_IS_ADDR_V4MAPPED(&known->at[i].address))
            return false;
    return true;
}

int far_family(const struct route *route, const struct endpoint *target, bool direct)
{
    bool v4 = !direct || endpoint_is_v4(target);

    for (size_t i = 0; v4 && i < route->count; i++)
        v4 = all_v4(&route->candidates[i]);
    /* An IPv6 socket reaches IPv4 too, by mapped addresses; it is used only where it is needed. */
    return v4 || !kernel_has_ipv6() ? AF_INET : AF_INET6;
}

static int keepalive;

void far_set_keepalive(int seconds)
{
    keepalive = seconds;
}

void far_keep_alive(int fd)
{
    static const int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (!keepalive)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &keepalive, sizeof keepalive);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &keepalive, sizeof keepalive);
}

int far_socket(int family)
{
    static const int on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    /* TCP_NODELAY: what the client wrote in two pieces must not wait for an acknowledgement here.
     * SO_KEEPALIVE: the kernel finds out whether a silent peer is still there. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    far_keep_alive(fd);
    return fd;
}
