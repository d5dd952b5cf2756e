#include "kind.h"

#include "../real.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* The kernel reads TCP_QUEUE_SEQ's value (or says EFAULT), then refuses it: with EPERM if the socket is not
 * closed, with EINVAL if no queue was chosen by TCP_REPAIR_QUEUE, which takes CAP_NET_ADMIN. */
bool kind_is_closed_tcp(int fd, const struct sockaddr *address)
{
    return real()->setsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, address, sizeof(int)) < 0 && errno == EINVAL;
}

/* A socket option that is a number which is not negative, or a negative errno. */
static int number(int fd, int option)
{
    int value = 0;
    socklen_t size = sizeof value;

    return real()->getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -errno;
}

/* The type is asked, too: a raw socket may have TCP's number for its protocol. */
enum kind kind_of(int fd)
{
    int domain = number(fd, SO_DOMAIN), protocol, type;

    if (domain == -EBADF || domain == -ENOTSOCK || (domain >= 0 && domain != AF_INET && domain != AF_INET6))
        return KIND_FOREIGN;
    protocol = number(fd, SO_PROTOCOL);
    if (protocol >= 0 && protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP)
        return KIND_OTHER;
    type = number(fd, SO_TYPE);
    if (type >= 0 && type != SOCK_STREAM)
        return KIND_OTHER;
    return domain >= 0 && (protocol >= 0 || type >= 0) ? KIND_TCP : KIND_UNKNOWN;
}
