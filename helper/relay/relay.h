/* A relay joins a near side (a client's socket, or standard input and output) to a far side, the socket on
 * which it speaks to the proxy.
 *
 *   DIALS --2xx--> OPEN --both directions ended--> ENDED
 *     |--fallback direct--> CONNECTS --connected--> OPEN
 *     `--refused, too late, the client went away--> ENDED */
#ifndef PTUNNEL_RELAY_H
#define PTUNNEL_RELAY_H

#include "buffers.h"
#include "flow.h"
#include "inquiry.h"
#include "list.h"
#include "loop.h"

#include <ptunnel/dial.h>

enum relay_state { RELAY_DIALS, RELAY_CONNECTS, RELAY_OPEN, RELAY_ENDED };

struct relay {
    struct link link; /* in the list of its state, or in `busy` while it is open and may read on */
    struct relays *all;
    struct watch near, near_out, far; /* near_out: only if the near side is two descriptors */
    struct dial *dial;                /* until it is open */
    struct inquiry inquiry;           /* the dial's */
    struct flow out, in;              /* near to far, far to near */
    enum relay_state state;
    const struct endpoint *target; /* NULL: joined */
    int64_t since;                 /* CLOCK_MONOTONIC, nanoseconds: it dials, then is open */
    bool shared;                   /* others have the far side, too: see relay_join() */
    struct deadline quiet; /* with --half-close delay: when the target will have been silent so long */
    bool broken;           /* it ended otherwise than by an end of file in each direction */
};

enum { REPLY_SIZE = 2048 }; /* bytes of the proxy's reply that are read at once */

/* Its descriptors are closed, and it will be freed. */
typedef void relay_ended(struct relays *all, const struct relay *relay);

struct relays {
    struct loop *loop;
    struct dial_limits limits, direct_limits; /* direct_limits: of routes without a proxy */
    struct buffers buffers;
    struct dial_room room; /* of the dial that is being stepped; they take turns */
    char reply[REPLY_SIZE];
    struct link dialing, relaying, busy, ended;
    size_t count; /* without the ended ones */
    /* Other processes may have a relay's descriptors, too: closing them does not end their registrations then. */
    bool has_shared_ends;
    /* Milliseconds; the near side's end of file is passed on when the far side has spoken and been silent so long, or
     * has ended: most proxies end both directions with the one. 0: at once. */
    int half_close;
    struct timer next_deadline, next_turn, next_quiet, reaper;
    relay_ended *on_end;
};

/* What a relay is made of. It closes the descriptors. */
struct relay_ends {
    int near_in, near_out; /* the same if it is a socket */
    int far;               /* not connected */
    int family;            /* of far */
};

/* The loop must outlive them; the limits are copied. */
void relays_start(struct relays *all, struct loop *loop, const struct dial_limits *limits,
                  relay_ended *on_end);
void relays_end(struct relays *all); /* ends those that are left */

/* Starts a relay to the target, which must outlive it. A route without a proxy is a direct connection: by a rule if the route has a
 * name, otherwise as the fallback, which the log says. The descriptors belong to it from here on. 0, or a
 * negative errno with them closed; on_end is then not called. */
int relay_start(struct relays *all, const struct relay_ends *ends, const struct endpoint *target,
                struct route *route);

/* Joins two sockets that are connected already, non-blocking and not watched. Takes them over. Of a `shared` far
 * side others have duplicates: the end of the near side is not its end. 0, or a negative errno with them
 * closed. */
int relay_join(struct relays *all, int near, int far, bool shared);

#endif
