#ifndef PROXY_RELAY_H
#define PROXY_RELAY_H

#include "loop.h"

#include <stddef.h>

enum { PIPE_SIZE = 64 * 1024 };

/* One direction: bytes that were read here and are not written there yet. */
struct pipe {
    char *data; /* PIPE_SIZE bytes, allocated when the first byte comes */
    size_t start, length;
    bool eof;    /* the reading side has ended */
    bool shut;   /* and the writing side was told */
    bool failed; /* either side is broken */
};

enum relay_state { RELAY_ON, RELAY_DONE, RELAY_BROKEN };

bool pipe_full(const struct pipe *pipe);
void pipe_fill(struct pipe *pipe, int fd);
void pipe_take(struct pipe *pipe, size_t count); /* drop the first bytes */
void pipe_free(struct pipe *pipe);

/* Bring in what an event on `from` announces, then move what can be moved and want what is due. */
void relay_event(struct pipe *pipe, const struct watch *from, uint32_t events);
enum relay_state relay_move(struct pipe *up, struct pipe *down, struct watch *near, struct watch *far);

#endif
