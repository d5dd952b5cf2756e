#include "sockets.h"

#include "../real.h"

#include <netinet/in.h>

uint64_t socket_cookie(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;

    return real()->getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

/* The unspecified address: it works under SO_BINDTODEVICE too. */
int socket_connect_to_nowhere(int fd, int family)
{
    struct sockaddr_storage nowhere = { .ss_family = (sa_family_t)family };
    socklen_t size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

    return real()->connect(fd, (const struct sockaddr *)&nowhere, size) < 0 ? -errno : 0;
}
