/* Blocking sockets. The call waits in the kernel while a thread of ours connects a duplicate of the program's own
 * socket, through the tunnel or as the program said. So every duplicate of it, in whatever process, is connected
 * in the end, and nothing has to be moved. Whoever leaves the call for a signal's handler leaves the connection
 * going on, as natively, and joins it again by another connect(). */
#ifndef PTUNNEL_HOLD_H
#define PTUNNEL_HOLD_H

#include "notify.h"
#include "sockets.h"

#include <ptunnel/endpoint.h>
#include <ptunnel/route.h>

struct supervisor;

/* What a held socket is to be connected to. */
struct held_target {
    const struct endpoint *target; /* NULL: the kernel's own connect(), to `address` */
    struct route *route; /* empty: without a proxy, at an address that is looked up for the target */
    const void *address;
    socklen_t size;
    const union address
        *asked; /* what getpeername() is to say if it goes through the tunnel; NULL: the kernel's */
};

/* 0: the call is answered later. A positive errno: it is to be answered with that. `fd` is duplicated. */
int hold_begin(struct supervisor *s, struct known *known, const struct notice *notice, int fd,
               const struct held_target *to);

/* Another call that waits for the same. */
int hold_join(struct supervisor *s, struct known *known, const struct notice *notice, int fd);

/* The program took the socket back, connect(AF_UNSPEC): who waits is told EPIPE. */
void hold_give_up(struct supervisor *s, struct known *known);

#endif
