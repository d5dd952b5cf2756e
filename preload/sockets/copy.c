#include "copy.h"

#include "../real.h"

#include <ptunnel/socket_options.h>

int copy_open(int fd, int family)
{
    int protocol = 0, off = 0, made;
    socklen_t size = sizeof protocol;

    if (real()->getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) < 0)
        return -errno;
    made = socket(family, SOCK_STREAM | SOCK_CLOEXEC, protocol);
    if (made < 0)
        return -errno;
    /* An IPv4 socket refuses it, and needs none. */
    real()->setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    socket_options_copy(real_net(), real()->fcntl, fd, made, family);
    return made;
}
