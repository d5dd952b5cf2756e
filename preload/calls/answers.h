/* What is answered in the kernel's place about a pending, failed or tunnelled
 * socket. 0 or a negative errno. */
#ifndef PTUNNEL_ANSWERS_H
#define PTUNNEL_ANSWERS_H

#include <sys/socket.h>

int answers_peer(int fd, struct sockaddr *address, socklen_t *size); /* getpeername(2) */
int answers_error(int fd, void *value, socklen_t *size);             /* getsockopt(2) of SO_ERROR */

/* getsockopt(2) and setsockopt(2) of TCP_USER_TIMEOUT, which is ours while the connection is being made. */
int answers_user_timeout(int fd, void *value, socklen_t *size);
int answers_set_user_timeout(int fd, const void *value, socklen_t size);

/* Of a socket that stands in the place of the program's: as that one would say. */
int answers_name(int fd, struct sockaddr *address, socklen_t *size); /* getsockname(2) */
int answers_domain(int fd, void *value, socklen_t *size);            /* getsockopt(2) of SO_DOMAIN */

/* SO_PEEK_OFF, which is off while a tunnel is being opened. */
int answers_peek_offset(int fd, void *value, socklen_t *size);
int answers_set_peek_offset(int fd, const void *value, socklen_t size);

#endif
