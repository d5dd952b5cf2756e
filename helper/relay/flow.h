/* One direction of a tunnel: bytes from one descriptor to another, both non-blocking and watched
 * edge-triggered.
 *
 * It has ended when the end of file was passed on, when a write failed, or when a read failed and all that
 * came before was written. */
#ifndef PTUNNEL_FLOW_H
#define PTUNNEL_FLOW_H

#include "buffers.h"

#include <stdbool.h>
#include <stdint.h>

struct flow {
    int from, to;
    bool readable; /* an event said so, and nothing the contrary since */
    bool writable; /* nothing was said to the contrary since the last event */
    /* What was moved only in part does not mean that there will be another event: the end of file is near, or
     * it is a regular file. */
    bool read_on, write_on;
    bool end_read;           /* nothing more will come */
    bool last;               /* the other direction has ended: whoever closes `to` says this one's end, too */
    bool from_lost, to_lost; /* that side was reset or the like: no end of file is passed on */
    bool ended;
    struct buffer *held; /* what `to` did not take yet */
};

enum flow_next { FLOW_WAIT, FLOW_AGAIN };

void flow_start(struct flow *flow, int from, int to);

/* A descriptor that epoll(7) does not watch, since it never keeps anybody waiting. */
void flow_from_always(struct flow *flow);
void flow_to_always(struct flow *flow);

/* Bytes that somebody else has read, at the start, and whether that left nothing behind. */
void flow_begin(struct flow *flow, const char *bytes, size_t size, bool emptied, struct buffers *buffers);

/* What epoll(7) said of the descriptors. An error of the side to write to ends the flow at once. */
void flow_from_ready(struct flow *flow, uint32_t events);
void flow_to_ready(struct flow *flow, uint32_t events, struct buffers *buffers);

/* Moves bytes until it would have to wait, or has had its share: FLOW_AGAIN, so that others get theirs. */
enum flow_next flow_run(struct flow *flow, struct buffers *buffers);

/* The side to write to is gone: the flow has ended, with what it holds undelivered. */
void flow_lose_to(struct flow *flow, struct buffers *buffers);

#endif
