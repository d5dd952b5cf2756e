/* What a program asks of a socket that is, or was, being tunnelled. */
#include "../calls/answers.h"
#include "../sockets/peer.h"
#include "../pending/end.h"
#include "../sockets/original.h"
#include "../real.h"
#include "time64.h"

#include <netinet/tcp.h>

/* getpeername(2): the address that the program asked for. */
EXPORT int getpeername(int fd, struct sockaddr *address, socklen_t *size)
{
    if (slots_idle() && peers_empty() && !peer_may_come)
        return real()->getpeername(fd, address, size);
    return libc_result(answers_peer(fd, address, size));
}

/* getsockname(2): of the program's own socket, if another stands in its place. */
EXPORT int getsockname(int fd, struct sockaddr *address, socklen_t *size)
{
    if (!original_any())
        return real()->getsockname(fd, address, size);
    return libc_result(answers_name(fd, address, size));
}

/* getsockopt(2): SO_ERROR is the tunnel's result, once; SO_DOMAIN is of the program's own socket. */
EXPORT int getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    if (slots_idle() && !original_any())
        return real()->getsockopt(fd, level, name, value, size);
    if (level == SOL_SOCKET && name == SO_ERROR && !slots_empty())
        return libc_result(answers_error(fd, value, size));
    if (level == IPPROTO_TCP && name == TCP_USER_TIMEOUT && !slots_empty())
        return libc_result(answers_user_timeout(fd, value, size));
    if (level == SOL_SOCKET && name == SO_PEEK_OFF)
        return libc_result(answers_peek_offset(fd, value, size));
    if (level == SOL_SOCKET && name == SO_DOMAIN && original_any())
        return libc_result(answers_domain(fd, value, size));
    return real()->getsockopt(fd, level, name, value, size);
}

#ifdef NARROW_TIMES
EXPORT int __getsockopt64(int fd, int level, int name, void *value, socklen_t *size)
    __attribute__((alias("getsockopt"), nothrow, leaf));
#endif

/* setsockopt(2): what the program sets is its own, also while we have put another value there. */
EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    if (level == SOL_SOCKET && name == SO_PEEK_OFF)
        return libc_result(answers_set_peek_offset(fd, value, size));
    if (slots_idle() || level != IPPROTO_TCP || name != TCP_USER_TIMEOUT)
        return real()->setsockopt(fd, level, name, value, size);
    return libc_result(answers_set_user_timeout(fd, value, size));
}

#ifdef NARROW_TIMES
EXPORT int __setsockopt64(int fd, int level, int name, const void *value, socklen_t size)
    __attribute__((alias("setsockopt"), nothrow, leaf));
#endif

/* shutdown(2): while connecting it cancels. */
EXPORT int shutdown(int fd, int how)
{
    if (!slots_empty() && how >= SHUT_RD && how <= SHUT_RDWR && pending_cancel(fd))
        return 0;
    return real()->shutdown(fd, how);
}
