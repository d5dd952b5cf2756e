/* Sockets of UDP. Nothing of them is tunnelled: a stand-in is unreachable, port 53 is our stub (stub.h), and all else
 * goes where the program says. */
#ifndef PTUNNEL_DATAGRAMS_H
#define PTUNNEL_DATAGRAMS_H

#include "notify.h"
#include "sockets.h"

struct supervisor;

/* A connect() to that address; 0 or a positive errno. */
int datagrams_connect(struct supervisor *s, int fd, const struct sockaddr *address, socklen_t size);

/* sendto() with an address, sendmsg() and sendmmsg(); recvfrom() with an address, and recvmsg(). The notice is answered, or
 * passed, or answered when there is something to receive. Of sendmmsg() the first message alone is sent, if one of them
 * is not to go where it says. */
void datagrams_send(struct supervisor *s, const struct notice *notice, int fd);
void datagrams_send_message(struct supervisor *s, const struct notice *notice, int fd);
void datagrams_receive(struct supervisor *s, const struct notice *notice, int fd);

#endif
