#include "door.h"
#include "space.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

/* As the listener does, so that both may be bound to one port. */
static int bound_socket(int maker, const union address *at, int flags)
{
    static const int on = 1;
    int fd = space_socket(maker, at->any.sa_family, SOCK_STREAM | flags);

    if (fd < 0)
        return fd;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
        bind(fd, &at->any, socket_address_size(at)) == 0)
        return fd;
    close(fd);
    return -EADDRNOTAVAIL;
}

static union address loopback(int family)
{
    union address at = { .any.sa_family = (sa_family_t)family };

    if (family == AF_INET)
        at.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        at.v6.sin6_addr = in6addr_loopback;
    return at;
}

static int fill(struct door *door)
{
    socklen_t size = sizeof door->at;

    if (listen(door->listener, 0) < 0 || getsockname(door->listener, &door->at.any, &size) < 0)
        return errno;
    door->filler = space_socket(door->maker, door->at.any.sa_family, SOCK_STREAM);
    if (door->filler < 0)
        return -door->filler;
    return socket_connect(door->filler, &door->at, socket_address_size(&door->at));
}

int door_make(struct door *door, int maker, int family)
{
    union address at = loopback(family);
    int error;

    if (door->is_there)
        return 0;
    *door = (struct door){ .maker = maker, .listener = bound_socket(maker, &at, 0), .filler = -1 };
    error = door->listener < 0 ? -door->listener : fill(door);
    if (error == 0) {
        door->is_there = true;
        return 0;
    }
    if (door->listener >= 0)
        close(door->listener);
    if (door->filler >= 0)
        close(door->filler);
    return error;
}

int door_connect_back(const struct door *door, const union address *to)
{
    static const int on = 1;
    int fd = bound_socket(door->maker, &door->at, SOCK_NONBLOCK), error;

    if (fd < 0)
        return fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    error = socket_connect(fd, to, socket_address_size(to));
    if (error == 0 || error == EINPROGRESS)
        return fd;
    close(fd);
    return -error;
}
