/* One direction of a tunnel: bytes from one descriptor to another, both non-blocking, watched
 * edge-triggered.
 *
 *   EMPTY --read--> HELD --all of it written--> EMPTY
 *     |               `--write failed--> ENDED, to_lost
 *     |--end of file--> passed on with shutdown(2) --> ENDED
 *     `--read failed--> ENDED, from_lost: no end of file is passed on
 *
 * In EMPTY, .held is NULL. FLOW_WAIT is for an event, since .readable is false, or in HELD .writable. */
#ifndef PTUNNEL_FLOW_H
#define PTUNNEL_FLOW_H

#include "buffers.h"

#include <stdbool.h>
#include <stdint.h>

struct flow {
    int from, to;
    bool readable; /* an event said so, and no read(2) said EAGAIN since */
    bool writable; /* no write(2) said EAGAIN since the last event */
    /* Go on to EAGAIN: a short read or write does not mean that another event will come. After EPOLLRDHUP,
     * and of regular files, epoll(7) reports nothing more. */
    bool read_on, write_on;
    bool end_read;           /* read(2) has nothing more */
    bool last;               /* the other direction has ended: closing `to` will pass on this one's end */
    bool withheld;           /* the end of file is not passed on, unless .last */
    bool moved;              /* bytes were read; whoever looks clears it */
    bool from_lost, to_lost; /* read(2) failed, write(2) failed */
    bool ended;
    struct buffer *held; /* read and not yet written */
    uint64_t written;    /* bytes so far */
};

enum flow_next { FLOW_WAIT, FLOW_AGAIN };

/* EMPTY; the descriptors stay the caller's. */
void flow_start(struct flow *flow, int from, int to);

/* The descriptor is one that epoll(7) refuses (EPERM) since it never blocks: a regular file. */
void flow_from_always(struct flow *flow);
void flow_to_always(struct flow *flow);

/* Begins with bytes that were read before; `emptied`: the next read(2) would say EAGAIN. */
void flow_begin(struct flow *flow, const char *bytes, size_t size, bool emptied, struct buffers *buffers);

/* Takes an event of `from`, of `to`. EPOLLERR of `to` ends the flow at once. */
void flow_from_ready(struct flow *flow, uint32_t events);
void flow_to_ready(struct flow *flow, uint32_t events, struct buffers *buffers);

/* Moves bytes until it has to wait for an event (FLOW_WAIT), or has had its share of 1 MiB (FLOW_AGAIN). */
enum flow_next flow_run(struct flow *flow, struct buffers *buffers);

/* Nothing can be written any more: ends the flow, and drops what it holds. */
void flow_lose_to(struct flow *flow, struct buffers *buffers);

/* Of a tunnel's two flows. If one direction has lost a side, so has the other: nothing can be written to it, and it
 * sends no more than what has already arrived. */
void flow_share_losses(struct flow *out, struct flow *in, struct buffers *buffers);

#endif
