/* From connect() to an open tunnel. Readiness is the kernel's own, for whoever looks at the socket meanwhile:
 *
 *   DIALS --the tunnel is open--> OPENS --A is connected--> OPEN --asked for its result--> PLACED
 *     |                             |                         `--not asked--> relayed
 *     |                             `--the program has closed A--> ENDED
 *     `--refused: A is as a socket that was refused--> ENDED
 *
 * A is the program's socket. It waits at a door (door.h), in SYN_SENT, while a tunnel is dialled on a socket B of
 * ours. Then a socket S of ours connects back to A: A is writable at that instant, for whoever waits. A program
 * that asks for the result of its connect() then gets B under A's number (takeover.h), and we are out of the way.
 * For one that just writes or reads, bytes are passed on between S and B.
 *
 * No duplicate of A is kept, so that the program's close() is one. */
#ifndef PTUNNEL_GATE_H
#define PTUNNEL_GATE_H

#include "door.h"
#include "notify.h"
#include "work.h"
#include "../relay/loop.h"

#include <ptunnel/dial.h>

#include <stdatomic.h>
#include <sys/epoll.h>

struct supervisor;

enum gate_state { GATE_DIALS, GATE_OPENS, GATE_OPEN, GATE_PLACED, GATE_ENDED };

struct gate {
    struct link link; /* in the list of its state */
    struct supervisor *s;
    uint64_t cookie; /* of A */
    enum gate_state state;
    struct watch far_watch, near_watch;
    struct work work; /* the dial, where it may have to wait for a resolver */
    bool in_thread;
    atomic_bool given_up;
    int error; /* what the thread found */
    struct dial *dial;
    int far;  /* B; until the dial has ended its own, see replace() */
    int near; /* S; -1: not yet */
    pid_t thread;
    int number; /* A's, in the process of that thread */
    ino_t inode;
    bool mapped; /* an IPv6 socket at IPv4's door */
    const struct door *door;
    union address asked; /* where the program wants to go */
    union address name;  /* A's own address, as S reaches it */
    struct deadline grace;
    bool is_used;    /* another thread of who waits is in a call with A */
    bool peer_spoke; /* there is something to read, or the end of it */
};

struct gates {
    struct door v4, v6;
    struct link dialing, open, others, ended;
    struct timer deadlines, graces, reaper;
};

void gates_start(struct supervisor *s);

struct gate_target {
    const struct endpoint *target;
    struct route *route;        /* empty: without a proxy, at an address that is looked up for the target */
    const union address *asked; /* what getpeername() is to say */
};

/* EINPROGRESS: that is to be answered, or on a socket that blocks nothing yet. EOPNOTSUPP: such a socket cannot be
 * let wait there. Or what the kernel has against it. `fd` is A, for the time of the call. */
int gate_begin(struct supervisor *s, struct known *known, const struct notice *notice, int fd,
               const struct gate_target *to);

/* Whether A is connected by now: the program may be told earlier than we are. */
void gate_look(struct gate *gate);

/* A is taken back, or closed: who waits is told that errno, or EPIPE. True if somebody was told. */
bool gate_end_with(struct gate *gate, int error);
void gate_end(struct gate *gate);

/* For the dial (gate_begin.c): what it came to, 0 or a positive errno; something on B, or on S; the timers. */
enum { GATE_EVENTS = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
void gate_settle(struct gate *gate, int error);
void gate_peer_spoke(struct gate *gate);
void gate_near_ready(struct watch *watch, uint32_t events);
void gate_meet_graces(struct timer *timer);
void gate_reap(struct timer *timer);

/* From now on bytes are passed on. */
void gate_relay(struct gate *gate);

#endif
