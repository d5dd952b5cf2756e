#include "../calls/connect.h"
#include "../calls/connect_again.h"
#include "../real.h"

/* connect(2): send what the rules claim through a proxy, leave the rest alone. */
EXPORT int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    struct claim claim;
    int result;

    if (connect_again(fd, address, size, &result))
        return libc_result(result);
    if (!claim_connect(&claim, fd, address, size))
        return connect_direct(fd, real()->connect(fd, address, size));
    return libc_result(connect_claimed(&claim));
}

EXPORT int __connect(int fd, const struct sockaddr *address, socklen_t size)
    __attribute__((alias("connect")));
