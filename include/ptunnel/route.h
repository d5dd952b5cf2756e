/* A route: the proxies to try, in order, and how each of them did. */
#ifndef PTUNNEL_ROUTE_H
#define PTUNNEL_ROUTE_H

#include <ptunnel/deadline.h>
#include <ptunnel/net.h>
#include <ptunnel/proxy.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { ROUTE_CANDIDATES_MOST = 32, ADDRESSES_MOST = 8 };

/* The addresses of one proxy name, as the resolver ordered them. Immutable once published. */
struct addresses {
    size_t count;
    struct {
        struct in6_addr address; /* IPv4 mapped */
        uint32_t scope;
    } at[ADDRESSES_MOST];
};

/* A proxy, and what this process has learnt of it. Times are deadline_now()'s; 0 is never. Everything learnt
 * is a hint that a race may lose, so plain atomics are enough and nobody ever waits for a lock. */
struct candidate {
    struct proxy proxy;
    _Atomic int64_t failed_at;   /* tried last for ROUTE_AVOID_FAILED from here */
    _Atomic int64_t answered_at; /* a connection to it was made */
    _Atomic int64_t looked_up_at;
    _Atomic(const struct addresses *) addresses;
};

struct route {
    const char *name; /* NULL for the default route */
    size_t count;     /* 1 to ROUTE_CANDIDATES_MOST */
    struct candidate *candidates;
};

/* The next candidate to try: the first whose bit is not in `tried` and which did not fail of late, else the
 * first whose bit is not in it. -1 when all were tried. */
int route_next(const struct route *route, uint32_t tried);

/* The endpoint's own address, or what getaddrinfo(3) says of its name, which may take as long as that takes.
 * False: it does not resolve. */
bool addresses_find(struct addresses *out, const struct endpoint *endpoint, const struct net *net);

/* The addresses to connect to; looks a name up once, and again when the last attempt failed and the last
 * look-up is 5 s old. NULL: the name does not resolve. May block as long as getaddrinfo(3) does. */
const struct addresses *candidate_addresses(struct candidate *candidate, const struct net *net);

void candidate_failed(struct candidate *candidate);
void candidate_answered(struct candidate *candidate);

/* True if the endpoint is one of the route's proxies: by name, or by an address already looked up. */
bool route_has_proxy(const struct route *route, const struct endpoint *endpoint);

#endif
