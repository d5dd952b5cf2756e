#include "../calls/connect.h"
#include "../calls/connect_again.h"
#include "../calls/question.h"
#include "../real.h"

/* connect(2): send what the rules claim through a proxy, leave the rest alone. */
EXPORT int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    struct claim claim;
    int result;

    claim.closed = false;
    if (connect_again(fd, address, size, &result, &claim.closed))
        return libc_result(result);
    if (claim_connect(&claim, fd, address, size))
        return libc_result(connect_claimed(&claim));
    result = connect_direct(fd, real()->connect(fd, address, size));
    if (result == 0)
        question_connected(fd, address, size);
    return result;
}

/* bind(2): who listens at port 53 is a resolver himself. */
EXPORT int bind(int fd, const struct sockaddr *address, socklen_t size)
{
    int result = real()->bind(fd, address, size);

    if (result == 0)
        question_bound(fd, address, size);
    return result;
}

EXPORT int __connect(int fd, const struct sockaddr *address, socklen_t size)
    __attribute__((alias("connect")));
