/* Which proxy it is, by what it says of itself, and what is known of that brand: see ptunnel-proxies(7). */
#ifndef PTUNNEL_BRAND_H
#define PTUNNEL_BRAND_H

#include <stdbool.h>
#include <stddef.h>

struct brand {
    const char *word; /* in Server, Via or Proxy-agent */
    int idle;         /* seconds after which it cuts a quiet tunnel as it is shipped; 0: not known to */
    bool cuts;        /* it ends both directions of a tunnel when the client ends its own */
};

/* The brand whose word stands in what a proxy says, without regard to case; NULL: it is none that is known. */
const struct brand *brand_of(const char *said, size_t size);

#endif
