/* A new socket with the options, flags and owner of another one. */
#ifndef PTUNNEL_COPY_H
#define PTUNNEL_COPY_H

/* A TCP or MPTCP socket of the family AF_INET or AF_INET6, as fd is, with what the program set on fd;
 * unbound, unconnected, not IPV6_V6ONLY, with FD_CLOEXEC. The caller closes it. A negative errno: those of
 * socket(2), or of getsockopt(2) if fd is no socket. Not carried over: TCP_MAXSEG, TCP_WINDOW_CLAMP and
 * filters. */
int copy_open(int fd, int family);

#endif
