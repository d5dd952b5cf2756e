/* connect(2) on a socket that was connected, or is just being connected, by us. */
#ifndef PTUNNEL_CONNECT_AGAIN_H
#define PTUNNEL_CONNECT_AGAIN_H

#include <stdbool.h>
#include <sys/socket.h>

/* A connect() on a socket that is pending, failed or an open tunnel, or one that dissolves an association:
 * *result is then what it returns (0 or a negative errno). False: it is a connect() like any other. *closed becomes true if it
 * has asked kind_is_closed_tcp() on the way, and the socket is; otherwise it stays. */
bool connect_again(int fd, const struct sockaddr *address, socklen_t size, int *result, bool *closed);

#endif
