/* Listening sockets: each connection that they accept becomes a tunnel. While there are no descriptors or no
 * memory for another one, they accept nothing, and whoever connects waits in the kernel's queue. */
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

void listeners_start(struct listeners *all, struct loop *loop, const struct dial_limits *limits);

/* Target and route must outlive the listeners. 0 or a negative errno. */
int listeners_add(struct listeners *all, const struct bound *bound, const struct endpoint *target,
                  struct route *route);

/* No new tunnels; when the last open one has ended, the loop stops. */
void listeners_close(struct listeners *all);
void listeners_end(struct listeners *all);

#endif
