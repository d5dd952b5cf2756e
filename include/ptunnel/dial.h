/* Drives one socket along one route to one target, in steps that never wait on a non-blocking socket (on a
 * blocking one connect(2) waits, as it does natively, and nothing else).
 *
 *   CONNECT --connect()--> SEND --request out--> READ --2xx--> OPEN
 *    ^   |                  |                     |
 *    |   |                  |                     |--refused---------------> FAILED
 *    `---|--next candidate--+---------------------+--nobody left-----------> FAILED
 *        `--nobody left, or the route is empty, and fallback is direct-----> DIRECT
 *
 * DIRECT: the kernel's own connect() to the target. Its name is looked up here; an address that the kernel
 * refuses at once is passed over.
 *
 * It assumes nothing about whose socket it is. Whoever drives it waits, in poll(2) or otherwise, for what a
 * step wanted or for dial_deadline(), and steps again. One thread at a time may step a dial. */
#ifndef PTUNNEL_DIAL_H
#define PTUNNEL_DIAL_H

#include <ptunnel/deadline.h>
#include <ptunnel/handshake.h>
#include <ptunnel/net.h>
#include <ptunnel/route.h>

enum dial_want {
    DIAL_WANT_WRITE, /* wait for POLLOUT */
    DIAL_WANT_READ,  /* wait for POLLIN */
    DIAL_OPEN,       /* the next byte on the socket, or first in .room, is the target's */
    DIAL_DIRECT,     /* fallback: connected to the target itself; .error is 0, EINPROGRESS or EINTR */
    DIAL_FAILED,     /* .error says why; the socket is like the first, in any state: see dial_disconnect() */
};

enum dial_state { DIAL_STATE_CONNECT, DIAL_STATE_SEND, DIAL_STATE_READ, DIAL_STATE_SETTLED };

struct dial_limits {
    int timeout; /* milliseconds for the whole dial */
    /* milliseconds for one address, while another one, another candidate or the fallback is left */
    int attempt;
    bool fallback_direct; /* go to the target itself when no candidate could be reached */
};

/* Where the reply is read to, if nobody else reads the socket: it is taken in one recv(2), not looked at
 * with MSG_PEEK first, and what stands behind its head is kept here. NULL in the library, whose program
 * reads the socket. */
struct dial_room {
    char *bytes;
    size_t size;
    size_t at, end; /* of what was read last; from .at on it is the target's */
};

struct dial;

/* Puts another socket, unconnected, in the place of dial->fd and says its family in dial->family: one that
 * reaches both families (DIAL_REACH_BOTH), or again one like the first (DIAL_LIKE_FIRST). 0, or a negative
 * errno with the socket as it was: -EAFNOSUPPORT or -ENETUNREACH where it is not the socket that stands in
 * the way. */
enum dial_socket { DIAL_REACH_BOTH, DIAL_LIKE_FIRST };
typedef int dial_replace(struct dial *dial, enum dial_socket kind);

struct dial {
    const struct net *net;
    struct route *route;
    const struct dial_limits *limits;
    dial_replace *replace; /* NULL: the socket cannot be replaced */
    int fd;
    int family;       /* AF_INET or AF_INET6: the socket's */
    int first_family; /* that of the socket that the dial began with */
    struct endpoint target;
    char authority[ENDPOINT_TEXT_SIZE]; /* the target's */

    enum dial_state state;
    enum dial_want settled;    /* OPEN, DIRECT or FAILED, once state is SETTLED */
    enum dial_state failed_in; /* in which state the last attempt failed */
    int error;                 /* a positive errno */
    bool touched;              /* the kernel has seen a connect() that has to be undone before the next */
    bool mapped;               /* that one went to an IPv4-mapped address: see dial_disconnect() */
    bool unusable;          /* the kernel refused the socket itself (EISCONN, EINVAL ...): it is as it was */
    bool v6only;            /* IPV6_V6ONLY was cleared for it */
    bool replaced;          /* another socket stands in the place of the first */
    bool answered;          /* a proxy refused, in HTTP: it was reached, so there is no fallback any more */
    bool in_progress;       /* connect() said EINPROGRESS: the socket does not block, or its time ran out */
    bool interrupted;       /* connect() or a look-up ended with EINTR: whoever drives the dial clears this */
    int candidate;          /* in the route; -1 before the first */
    unsigned address;       /* the next of its addresses in the order of preference, see pick_address() */
    uint32_t tried;         /* a bit for each candidate that was tried */
    size_t sent;            /* bytes of the request that were sent */
    struct dial_room *room; /* NULL: what stands behind the reply's head stays in the socket */
    struct in6_addr reached; /* where the last connect() went */
    struct deadline whole, attempt;
    struct handshake handshake;
};

/* Prepares; makes no call. Route and limits must outlive the dial. Whoever can replace a socket sets .replace
 * afterwards. */
void dial_start(struct dial *dial, const struct net *net, int fd, int family, const struct endpoint *target,
                struct route *route, const struct dial_limits *limits);

/* Goes as far as it can without waiting. An error of the socket itself and not of the way to the proxy
 * (EISCONN, EALREADY, EINVAL, EAFNOSUPPORT, EBADF ...) ends the dial with the socket as it was (.unusable).
 * Leaves errno undefined. */
enum dial_want dial_step(struct dial *dial);

/* When to step even if the socket is not ready. */
struct deadline dial_deadline(const struct dial *dial);

/* Takes the socket back to the unconnected state, flags and options kept. A negative errno if the kernel
 * refuses (EBUSY). */
int dial_disconnect(struct dial *dial);

/* A socket like the first one again, if another stands in its place, unconnected. Where that cannot be, that
 * other one stays, which serves the program nearly as well. */
void dial_put_back(struct dial *dial);

/* "example.org:22 via proxy:3128: 407 Proxy Authentication Required ..." */
void dial_describe(const struct dial *dial, struct text *out);

#endif
