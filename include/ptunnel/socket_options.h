/* What a program set on a TCP socket, carried over to a new one that takes its place. */
#ifndef PTUNNEL_SOCKET_OPTIONS_H
#define PTUNNEL_SOCKET_OPTIONS_H

#include <ptunnel/net.h>

typedef int socket_options_fcntl(int fd, int command, ...); /* fcntl(2) */

/* Options, flags and owner of the TCP or MPTCP socket `from`, as far as they are not what `to` has; `family` is
 * that of `to`. Not carried over: TCP_MAXSEG, TCP_WINDOW_CLAMP and filters. What one of the two families does
 * not have is left out. Leaves errno undefined. */
void socket_options_copy(const struct net *net, socket_options_fcntl *fcntl, int from, int to, int family);

#endif
