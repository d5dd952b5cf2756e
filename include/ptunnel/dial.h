/* Drives one socket along one route to one target, in steps that never wait on a non-blocking socket (on a
 * blocking one connect(2) waits, as it does natively, and nothing else).
 *
 *   CONNECT --connect()--> SEND --request out--> READ --2xx--> OPEN
 *    ^   |                  |                     |
 *    |   |                  |                     |--refused---------------> FAILED
 *    `---|--next candidate--+---------------------+--nobody left-----------> FAILED
 *        `--nobody left, or the route is empty, and fallback is direct-----> DIRECT
 *
 * A proxy that wants to know who asks may be asked several times:
 *
 *   READ --407--> BODY --its end--> SEND, the next leg on the same connection
 *                   `--it closes--> CONNECT, to the same address; then the next leg
 *
 * A refusal whose page is to be shown (-vv) is settled when that was read:
 *
 *   READ --refused--> PAGE --its end, 4 KiB, a second--> FAILED
 *
 * DIRECT: the kernel's own connect() to the target. Its name is looked up here; an address that the kernel
 * refuses at once is passed over.
 *
 * It assumes nothing about whose socket it is. Whoever drives it waits, in poll(2) or otherwise, for what a
 * step wanted or for dial_deadline(), and steps again. One thread at a time may step a dial. */
#ifndef PTUNNEL_DIAL_H
#define PTUNNEL_DIAL_H

#include <ptunnel/body.h>
#include <ptunnel/deadline.h>
#include <ptunnel/handshake.h>
#include <ptunnel/net.h>
#include <ptunnel/route.h>

enum dial_want {
    DIAL_WANT_WRITE, /* wait for POLLOUT */
    DIAL_WANT_READ,  /* wait for POLLIN */
    DIAL_OPEN,       /* the next byte on the socket, or first in .room, is the target's */
    DIAL_DIRECT,     /* fallback: connected to the target itself; .error is 0, EINPROGRESS or EINTR */
    DIAL_OVERTAKEN,  /* said by .connect: the dial is another thread's; nothing of it may be touched */
    DIAL_FAILED,     /* .error says why; the socket is like the first, in any state: see dial_disconnect() */
};

enum dial_state {
    DIAL_STATE_CONNECT,
    DIAL_STATE_CONNECTING, /* in connect(2): only another thread's step, or one that comes after the caller was
                              cancelled or jumped away, finds it so */
    DIAL_STATE_SEND,
    DIAL_STATE_READ,
    DIAL_STATE_BODY,
    DIAL_STATE_PAGE, /* only while lines of LOG_HANDSHAKE are written: for up to a second */
    DIAL_STATE_SETTLED,
};

struct dial_limits {
    int timeout; /* milliseconds for the whole dial */
    /* milliseconds for one address, while another one, another candidate or the fallback is left */
    int attempt;
    bool fallback_direct; /* go to the target itself if no proxy took a connection: see .was_asked */
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

/* Puts another socket, unconnected, under the number dial->fd and sets dial->family: a socket that reaches
 * both families (DIAL_REACH_BOTH), or one like the first again (DIAL_LIKE_FIRST). 0, or a negative errno
 * with the socket as it was: -EAFNOSUPPORT or -ENETUNREACH if another socket would not help, -EAGAIN if only the process
 * that began the dial can do it, which steps it later. */
enum dial_socket { DIAL_REACH_BOTH, DIAL_LIKE_FIRST };
typedef int dial_replace(struct dial *dial, enum dial_socket kind);

/* What is to be said to a proxy with an account (see proxy.h) in leg number .legs.count + 1, after the
 * challenges in the block: 0, and leg->bytes holds leg->size bytes of a header field, or none; or so many
 * milliseconds after which to ask again; or a negative errno, with .legs.words, which ends the dial. It does
 * not wait.
 *
 * With leg NULL: the leg whose field was given with .legs.tell set has come to its end: .settled says how, or
 * the connection was lost. */
struct leg;
typedef int dial_authenticate(struct dial *dial, struct leg *leg);

enum { DIAL_WORDS_SIZE = 192 };

struct dial_legs {
    dial_authenticate *authenticate; /* NULL: nobody is asked, and a 407 is a refusal */
    struct leg *block;               /* NULL: nothing is being said, nor read */
    int owner;                       /* the process that mapped it: no other one may have it */
    uint64_t id;                     /* authenticate()'s: ties the legs together; 0: they begin */
    struct deadline again;           /* when to ask authenticate() again; never: it was not put off */
    uint8_t count;                   /* requests made so far */
    bool made;                       /* this leg's request is among them */
    bool used;                       /* the connection has carried a leg before this one */
    bool another;                    /* it is not the one on which the challenges came */
    bool lost;                       /* a used one was closed without a word: only once */
    bool tell;
    uint32_t field_size;         /* of the field that was sent last */
    struct body body;            /* of the 407 */
    uint8_t cause;               /* enum agent_cause, of what .words say */
    char words[DIAL_WORDS_SIZE]; /* why authenticate() gave up; empty: it did not */
};

/* connect(2) of dial->fd, where more has to be done about it than to make the call: one that waits may let others step
 * the dial meanwhile, which is in DIAL_STATE_CONNECTING then, or settled as DIAL_DIRECT for the target itself. 0, a
 * positive errno, or DIAL_IS_OVERTAKEN if another one moved the dial on. */
enum { DIAL_IS_OVERTAKEN = -1 };
typedef int dial_connect(struct dial *dial, const struct sockaddr *address, socklen_t size);

/* Whether a step may wait for a resolver that is asked again for the proxy's name, because the addresses that it gave
 * last do not answer. Where none are known at all there is no choice. */
typedef bool dial_may_wait(const struct dial *dial);

struct dial {
    const struct net *net;
    struct route *route;
    const struct dial_limits *limits;
    dial_replace *replace;   /* NULL: the socket cannot be replaced */
    dial_may_wait *may_wait; /* NULL: it always may */
    dial_connect *connect;   /* NULL: net->connect */
    int fd;
    int family;       /* AF_INET or AF_INET6: the socket's */
    int first_family; /* that of the socket that the dial began with */
    struct endpoint target;
    char authority[ENDPOINT_TEXT_SIZE]; /* the target's */

    enum dial_state state;
    enum dial_want settled;    /* OPEN, DIRECT or FAILED, once state is SETTLED */
    enum dial_state failed_in; /* in which state the last attempt failed */
    int error;                 /* a positive errno */
    bool must_disconnect;      /* a connect() was made that has to be undone before the next one */
    bool mapped;               /* that one went to an IPv4-mapped address: see dial_disconnect() */
    bool unusable;  /* the kernel would not connect this socket to anything, and it is left as it was */
    bool v6only;    /* IPV6_V6ONLY was cleared for it */
    bool replaced;  /* another socket stands in the place of the first */
    bool left;      /* what comes next only another process can do: see dial_replace */
    bool was_asked; /* CONNECT was sent to a proxy that took the connection: there is no fallback any more */
    bool in_progress;       /* connect() said EINPROGRESS: the socket does not block, or its time ran out */
    bool interrupted;       /* connect() or a look-up ended with EINTR; whoever drives looks, and clears it */
    unsigned connects;      /* calls of connect(2) so far */
    int candidate;          /* in the route; -1 before the first */
    unsigned address;       /* next one of the candidate's addresses, in the order of preference */
    uint32_t tried;         /* a bit for each candidate */
    size_t sent;            /* bytes of the request */
    struct dial_room *room; /* NULL: what stands behind the reply's head stays in the socket */
    struct in6_addr reached; /* where the last connect() went */
    uint16_t reached_port;
    struct deadline whole, attempt;
    struct handshake handshake;
    struct dial_legs legs;
};

/* Fills *dial in; makes no system call. What the arguments point to must outlive the dial, but for the
 * target, which is copied. Whoever can replace a socket sets .replace afterwards, whoever has somebody to
 * ask .legs.authenticate. */
void dial_start(struct dial *dial, const struct net *net, int fd, int family, const struct endpoint *target,
                struct route *route, const struct dial_limits *limits);

/* Goes as far as it can without waiting. An error of the socket itself and not of the way to the proxy
 * (EISCONN, EALREADY, EINVAL, EAFNOSUPPORT, EBADF ...) ends the dial with the socket as it was (.unusable).
 * Leaves errno undefined. */
enum dial_want dial_step(struct dial *dial);

/* When to step again, even if the socket is not ready. */
struct deadline dial_deadline(const struct dial *dial);

/* Undoes connect(2): the socket is unconnected again, flags and options kept. 0, or a negative errno if the
 * kernel refuses (of some kernels EBUSY, while another thread waits on the socket). */
int dial_disconnect(struct dial *dial);

/* Adds "example.org:22 via proxy:3128: 407 Proxy Authentication Required ...". */
void dial_describe(const struct dial *dial, struct text *out);

#endif
