/* What a relay asks of the kernel about its sockets. */
#ifndef PTUNNEL_WIRE_H
#define PTUNNEL_WIRE_H

/* Closes with a reset (SO_LINGER of 0), which the peer would have got without us. A reset drops what is not
 * acknowledged: if there is any, an ordinary close must do. */
void wire_reset(int fd);

/* Bytes that have come and are not read yet, also of a socket that has been reset since; -1: it is none that
 * could have any. */
int wire_unread(int fd);

#endif
