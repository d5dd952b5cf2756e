/* What is answered in the kernel's place about a pending, failed or tunnelled
 * socket. 0 or a negative errno. */
#ifndef PTUNNEL_ANSWERS_H
#define PTUNNEL_ANSWERS_H

#include <sys/socket.h>

int answers_peer(int fd, struct sockaddr *address, socklen_t *size); /* getpeername(2) */
int answers_error(int fd, void *value, socklen_t *size);             /* getsockopt(2) of SO_ERROR */

/* Of a socket that stands in the place of the program's: as that one would say. */
int answers_name(int fd, struct sockaddr *address, socklen_t *size); /* getsockname(2) */
int answers_domain(int fd, void *value, socklen_t *size);            /* getsockopt(2) of SO_DOMAIN */

#endif
