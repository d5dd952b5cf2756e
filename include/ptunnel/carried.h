/* What a tunnel has carried, as the log says it. */
#ifndef PTUNNEL_CARRIED_H
#define PTUNNEL_CARRIED_H

#include <ptunnel/text.h>

#include <stdint.h>

struct carried {
    int64_t since;           /* when it was opened: CLOCK_MONOTONIC, nanoseconds */
    uint64_t sent, received; /* bytes of the client's, of the target's */
};

/* "12.345 s, bytes sent: 1024, received: 4096" */
void carried_print(const struct carried *carried, struct text *out);
void carried_print_time(const struct carried *carried, struct text *out); /* "12.345 s" alone */

#endif
