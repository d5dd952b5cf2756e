#include "socket.h"

#include "../real.h"
#include "../process/readable.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>

uint64_t socket_cookie(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;

    return real()->getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

bool socket_is_blocking(int fd)
{
    return !(real()->fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* The unspecified address: it works under SO_BINDTODEVICE too. */
int socket_connect_to_nowhere(int fd, int family)
{
    struct sockaddr_storage nowhere = { .ss_family = (sa_family_t)family };
    socklen_t size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

    return real()->connect(fd, (const struct sockaddr *)&nowhere, size) < 0 ? -errno : 0;
}

int socket_send_timeout(int fd)
{
    struct timeval set = { 0 };
    socklen_t size = sizeof set;

    if (real()->getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &set, &size) < 0 ||
        (set.tv_sec == 0 && set.tv_usec == 0))
        return -1;
    return set.tv_sec > 1000000 ? -1 : (int)(set.tv_sec * 1000 + (set.tv_usec + 999) / 1000);
}

/* The kernel takes the whole of it, unless it is too long, before it looks at any part. */
bool socket_address_readable(const struct sockaddr *address, socklen_t size)
{
    return address && size >= (socklen_t)sizeof address->sa_family &&
           size <= (socklen_t)sizeof(struct sockaddr_storage) && readable(address, size);
}

/* Programs build addresses in buffers of bytes, at whatever place. */
sa_family_t socket_address_family(const struct sockaddr *address)
{
    sa_family_t family;

    memcpy(&family, (const char *)address + offsetof(struct sockaddr, sa_family), sizeof family);
    return family;
}
