/* What the library asks of a socket, and does to it, by the next definitions. */
#ifndef PTUNNEL_SOCKETS_H
#define PTUNNEL_SOCKETS_H

#include <stdint.h>

/* SO_COOKIE: the socket, whatever its number. 0: it is none, or the kernel does not tell. Changes errno. */
uint64_t socket_cookie(int fd);

/* connect(2) to port 0 of this machine: nobody can listen there, so the kernel itself plays a refused
 * connect(), in both modes, with everything that belongs to it. 0 or a negative errno. */
int socket_connect_to_nowhere(int fd, int family);

#endif
