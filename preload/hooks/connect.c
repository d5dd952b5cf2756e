#include "../calls/connect.h"
#include "../real.h"

/* connect(2): send what the rules claim through a proxy, leave the rest alone. */
EXPORT int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    struct tunnel tunnel;
    int result;

    if (tunnel_again(fd, address, size, &result))
        return libc_result(result);
    if (!tunnel_wanted(&tunnel, fd, address, size))
        return tunnel_direct(fd, real()->connect(fd, address, size));
    return libc_result(tunnel_connect(&tunnel));
}

EXPORT int __connect(int fd, const struct sockaddr *address, socklen_t size)
    __attribute__((alias("connect")));
