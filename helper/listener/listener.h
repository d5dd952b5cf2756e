/* Listening sockets: each connection that they accept becomes a relay. While there is no descriptor or
 * memory for another one they accept nothing, and clients wait in the kernel's queue (listen(2)). */
#ifndef PTUNNEL_LISTENER_H
#define PTUNNEL_LISTENER_H

#include "bound.h"
#include "../relay/loop.h"
#include "../relay/relay.h"

struct listener {
    struct watch watch;
    struct listeners *all;
    struct listener *next;
    struct bound bound;
    const struct endpoint *target;
    struct route *route;
};

struct listeners {
    struct loop *loop;
    struct relays relays;
    struct listener *first;
    int spare; /* -1, or a socket for the next tunnel's far side: nobody is accepted for whom there is none */
    int spare_family;
    bool paused, closed;
    struct timer try_again;
};

/* The loop must outlive them; the limits are copied. */
void listeners_start(struct listeners *all, struct loop *loop, const struct dial_limits *limits);

/* Target and route must outlive the listeners. 0 or a negative errno. */
int listeners_add(struct listeners *all, const struct bound *bound, const struct endpoint *target,
                  struct route *route);

/* Accepts no more; when the last open relay has ended, the loop stops. */
void listeners_close(struct listeners *all);

/* Closes all of them, and ends the relays that are left. */
void listeners_end(struct listeners *all);

#endif
