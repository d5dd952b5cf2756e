#include "socket.h"

#include "../real.h"
#include "../process/readable.h"

#include <ptunnel/text.h>

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

/* O_NONBLOCK and O_CLOEXEC as proc(5) tells them, for where fcntl(2) is refused; -1: it does not. */
static int told_flags(int fd)
{
    char buffer[128], path[48], *at;
    struct text words = text_in(path, sizeof path);
    ssize_t size = -1;
    int file, flags = 0;

    text_print(&words, "/proc/self/fdinfo/%u", (unsigned)fd);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        size = real()->read(file, buffer, sizeof buffer - 1);
        real()->close(file);
    }
    buffer[size > 0 ? size : 0] = '\0';
    at = strstr(buffer, "flags:\t");
    if (!at)
        return -1;
    for (at += strlen("flags:\t"); *at >= '0' && *at <= '7'; at++)
        flags = flags * 8 + (*at - '0');
    return flags;
}

bool socket_is_blocking(int fd)
{
    int flags = real()->fcntl(fd, F_GETFL);

    if (flags < 0)
        flags = told_flags(fd);
    return flags < 0 || !(flags & O_NONBLOCK);
}

bool socket_survives_exec(int fd)
{
    int flags = real()->fcntl(fd, F_GETFD);

    if (flags >= 0)
        return !(flags & FD_CLOEXEC);
    flags = errno == EBADF ? O_CLOEXEC : told_flags(fd);
    return flags < 0 || !(flags & O_CLOEXEC);
}

/* The unspecified address: it works under SO_BINDTODEVICE too. */
static socklen_t nowhere(int family, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){ .ss_family = (sa_family_t)family };
    return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

int socket_connect_to_nowhere(int fd, int family)
{
    struct sockaddr_storage address;
    socklen_t size = nowhere(family, &address);

    return real()->connect(fd, (const struct sockaddr *)&address, size) < 0 ? -errno : 0;
}

/* With MSG_FASTOPEN sendto(2) connects, and with MSG_DONTWAIT it does not wait for that. Where a machine's
 * administrator has switched the option off, connect(2) has to do. */
int socket_connect_now(int fd, const struct sockaddr *address, socklen_t size)
{
    if (!socket_is_blocking(fd))
        return real()->connect(fd, address, size) < 0 ? -errno : 0;
    if (real()->sendto(fd, NULL, 0, MSG_FASTOPEN | MSG_DONTWAIT | MSG_NOSIGNAL, address, size) == 0)
        return 0;
    if (errno != EOPNOTSUPP)
        return -errno;
    return real()->connect(fd, address, size) < 0 ? -errno : 0;
}

void socket_fail(int fd, int family)
{
    struct sockaddr_storage address;
    socklen_t size = nowhere(family, &address);
    int result = socket_connect_now(fd, (const struct sockaddr *)&address, size);

    if (result != -EINPROGRESS)
        real()->shutdown(fd, SHUT_RDWR);
}

int socket_timeout(int fd, int option)
{
    struct timeval set = { 0 };
    socklen_t size = sizeof set;

    if (real()->getsockopt(fd, SOL_SOCKET, option, &set, &size) < 0 || (set.tv_sec == 0 && set.tv_usec == 0))
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
