/* Tunnels: each joins a near side (a client's socket, or standard input and output) to a far side, the socket
 * on which it speaks to the proxy.
 *
 *   DIALS --2xx--> RELAYS --both directions ended--> ENDED
 *     |--fallback direct--> CONNECTS --connected--> RELAYS
 *     `--refused, too late, the client went away--> ENDED
 */
#ifndef PTUNNEL_RELAY_H
#define PTUNNEL_RELAY_H

#include "buffers.h"
#include "flow.h"
#include "list.h"
#include "loop.h"

#include <ptunnel/dial.h>

enum tunnel_state { TUNNEL_DIALS, TUNNEL_CONNECTS, TUNNEL_RELAYS, TUNNEL_ENDED };

struct tunnel {
    struct link link; /* in the list of its state, or in `busy` while it relays and has not had enough */
    struct tunnels *all;
    struct watch near, near_out, far; /* near_out: only if the near side is two descriptors */
    struct dial *dial;                /* until the tunnel is open */
    struct flow out, in;              /* near to far, far to near */
    enum tunnel_state state;
    bool broken; /* it has ended, but not with an end of file each way */
};

enum { REPLY_SIZE = 2048 }; /* of a longer one, a piece */

/* Its descriptors are closed, and it will be freed. */
typedef void tunnel_ended(struct tunnels *all, const struct tunnel *tunnel);

struct tunnels {
    struct loop *loop;
    struct dial_limits limits, direct_limits; /* the latter where there is no proxy in the route */
    struct buffers buffers;
    struct dial_room room; /* for the dial that is being stepped */
    char reply[REPLY_SIZE];
    struct link dialing, relaying, busy, ended;
    size_t count; /* all but the ended */
    struct timer next_deadline, next_turn, reaper;
    tunnel_ended *on_end;
};

/* What a tunnel is made of. It closes the descriptors. */
struct tunnel_ends {
    int near_in, near_out; /* the same if it is a socket */
    int far;               /* not connected */
    int family;            /* of far */
};

void tunnels_start(struct tunnels *all, struct loop *loop, const struct dial_limits *limits,
                   tunnel_ended *on_end);
void tunnels_end(struct tunnels *all); /* those that are left */

/* A route without a proxy means a direct connection: by a rule if it has a name, otherwise as the fallback,
 * which is said in the log. Takes the descriptors over. 0, or a negative errno with them closed; on_end is
 * then not called. */
int tunnel_start(struct tunnels *all, const struct tunnel_ends *ends, const struct endpoint *target,
                 struct route *route);

#endif
