/* A route: the proxies to try, in order, and how each of them did. */
#ifndef PTUNNEL_ROUTE_H
#define PTUNNEL_ROUTE_H

#include <ptunnel/candidate.h>

#include <stdbool.h>
#include <stdint.h>

enum { ROUTE_CANDIDATES_MOST = 32 }; /* route_next() has a bit for each */

struct route {
    const char *name; /* NULL for the default route */
    size_t count;     /* 1 to ROUTE_CANDIDATES_MOST */
    struct candidate *candidates;
};

/* The number of the next candidate to try: the first whose bit is not in `tried` and which did not fail of
 * late for the target (see candidate.h), else the first whose bit is not in it. -1 when all were tried. */
int route_next(const struct route *route, uint32_t tried, uint64_t target);

/* Whether the endpoint is one of the route's proxies, see candidate_is(). */
bool route_has_proxy(const struct route *route, const struct endpoint *endpoint);

#endif
