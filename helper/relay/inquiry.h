/* A dial's question to ptunnel-agent, for a loop that must not stop: the connection stays open and is watched
 * until the answer is there. */
#ifndef PTUNNEL_INQUIRY_H
#define PTUNNEL_INQUIRY_H

#include "loop.h"

#include <ptunnel/dial.h>

struct inquiry {
    struct watch watch;
    struct loop *loop;
    struct dial *dial;
    int fd; /* -1: nothing is being asked */
    void (*answered)(struct inquiry *inquiry);
};

/* A dial that knows its inquiry; the latter outlives it for as long as a watch must. */
struct inquiring {
    struct dial dial;
    struct inquiry *inquiry;
};

/* After dial_start(). `answered` is called when the dial should be stepped. */
void inquiry_start(struct inquiry *inquiry, struct loop *loop, struct inquiring *asker,
                   void (*answered)(struct inquiry *inquiry));
void inquiry_end(struct inquiry *inquiry);

#endif
