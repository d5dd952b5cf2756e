/* A point in time that ends a wait. Made of a time-out where the program gave one; a wait that goes on after
 * an interruption asks what is left. */
#ifndef PTUNNEL_DEADLINE_H
#define PTUNNEL_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct deadline {
    int64_t at; /* nanoseconds of CLOCK_MONOTONIC; INT64_MAX is never */
};

int64_t deadline_now(void); /* CLOCK_MONOTONIC in nanoseconds; leaves errno alone */
struct deadline deadline_never(void);
struct deadline deadline_in(int64_t milliseconds); /* negative: never, as for poll(2) */
struct deadline deadline_earlier(struct deadline a, struct deadline b);
bool deadline_passed(struct deadline deadline);
/* Milliseconds left for poll(2), rounded up so that waking is never early; -1 for never, 0 when passed. */
int deadline_left(struct deadline deadline);

#endif
