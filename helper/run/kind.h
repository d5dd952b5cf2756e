/* Which proxy it is, by what it says of itself, and what is known of that kind: see ptunnel-proxies(7). */
#ifndef PTUNNEL_KIND_H
#define PTUNNEL_KIND_H

#include <stdbool.h>

struct kind {
    const char *word; /* in Server, Via or Proxy-agent */
    int idle;         /* seconds after which it cuts a quiet tunnel as it is shipped; 0: not known to */
    bool cuts;        /* it ends both directions of a tunnel when the client ends its own */
};

/* The kind whose word stands in what a proxy says, without regard to case; NULL: it is none that is known. */
const struct kind *kind_of(const char *said);

#endif
