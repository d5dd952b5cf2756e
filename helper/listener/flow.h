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
    bool readable, writable; /* nothing was said to the contrary since the last event */
    /* What was moved only in part does not mean that there will be another event: the end of file is near, or
     * it is a regular file. */
    bool read_on, write_on;
    bool end_read;           /* nothing more will come */
    bool from_lost, to_lost; /* that side was reset or the like: no end of file is passed on */
    bool ended;
    struct buffer *held; /* what `to` did not take yet */
};

enum flow_next { FLOW_WAIT, FLOW_AGAIN };

/* All is taken to be ready until it is found not to be. */
void flow_start(struct flow *flow, int from, int to);

/* What epoll(7) said of the descriptors. An error of the side to write to ends the flow at once. */
void flow_from_ready(struct flow *flow, uint32_t events);
void flow_to_ready(struct flow *flow, uint32_t events, struct buffers *buffers);

/* Moves bytes until it would have to wait, or has had its share: FLOW_AGAIN, so that others get theirs. */
enum flow_next flow_run(struct flow *flow, struct buffers *buffers);

/* The side to write to is gone: the flow has ended, with what it holds undelivered. */
void flow_lose_to(struct flow *flow, struct buffers *buffers);

#endif
