/* What the library asks of a socket, and does to it, by the next definitions; and the addresses that come
 * with it. */
#ifndef PTUNNEL_SOCKET_H
#define PTUNNEL_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* SO_COOKIE: the socket, whatever its number. 0: it is none, or the kernel does not tell. Changes errno. */
uint64_t socket_cookie(int fd);

/* Without O_NONBLOCK, FD_CLOEXEC. What cannot be found out is taken for true: a connect() that waits has an answer that
 * every program knows, and so has one that is carried to its end before exec(). Changes errno. */
bool socket_is_blocking(int fd);
bool socket_survives_exec(int fd);

/* connect(2) to port 0 of this machine: nobody can listen there, so the kernel itself plays a refused
 * connect(), in both modes, with everything that belongs to it. 0 or a negative errno. */
int socket_connect_to_nowhere(int fd, int family);

/* connect(2) that never waits: -EINPROGRESS where it would, on a blocking socket too, whose O_NONBLOCK other threads
 * can see. 0 or a negative errno. */
int socket_connect_now(int fd, const struct sockaddr *address, socklen_t size);

/* Makes an unconnected socket one whose non-blocking connect() was refused. Where not even loopback is up, a socket
 * that was shut down is nearest. Changes errno. */
void socket_fail(int fd, int family);

/* SO_SNDTIMEO or SO_RCVTIMEO as the program set it, in milliseconds; -1: none. Changes errno. */
int socket_timeout(int fd, int option);

/* An address as a program passes it: whether all of it can be read and has a family; and that family,
 * wherever the address begins. */
bool socket_address_readable(const struct sockaddr *address, socklen_t size);
sa_family_t socket_address_family(const struct sockaddr *address);

#endif
