/* What a relay asks of the kernel about its sockets. */
#ifndef PTUNNEL_WIRE_H
#define PTUNNEL_WIRE_H

#include <stdbool.h>
#include <stdint.h>

/* Closes with a reset (SO_LINGER of 0), which the peer would have got without us. A reset drops what is not
 * acknowledged: if there is any, an ordinary close must do. */
void wire_reset(int fd);

/* Bytes that have come and are not read yet, also of a socket that has been reset since; -1: it is none that
 * could have any. */
int wire_unread(int fd);

/* Whether who is at the other end has gone, by an event of epoll(7), while the target is dialed. An end of file is no reason
 * to give up: the client may have said all that it has to say. On a UNIX socket that end can be a hang-up (its peer has closed,
 * where TCP would send a FIN), and what came before it still waits to be read. */
bool wire_has_gone(int fd, uint32_t events);

#endif
