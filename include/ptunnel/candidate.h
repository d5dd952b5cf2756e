/* A proxy of a route, and what this process has learnt of it. */
#ifndef PTUNNEL_CANDIDATE_H
#define PTUNNEL_CANDIDATE_H

#include <ptunnel/addresses.h>
#include <ptunnel/deadline.h>
#include <ptunnel/proxy.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Times are deadline_now()'s, nanoseconds; 0 is never. Everything learnt is a hint that a race may lose, so
 * plain atomics are enough and nobody ever waits for a lock. */
struct candidate {
    struct proxy proxy;
    _Atomic int64_t failed_at;   /* the last attempt came to nothing; 0 again once it answered */
    _Atomic int64_t answered_at; /* a connection to it was made */
    _Atomic int64_t looked_up_at;
    _Atomic(const struct addresses *) addresses; /* immutable, never freed; NULL: none were found yet */
};

/* The addresses to connect to; looks a name up once, and again when the last attempt failed and the last
 * look-up is 5 s old. NULL: the name does not resolve. May block as long as getaddrinfo(3) does. */
const struct addresses *candidate_addresses(struct candidate *candidate, const struct net *net);

/* Whether candidate_addresses() would look the name up. False where waiting for that cannot be, and addresses are known
 * that may still do, is a reason to use those. */
bool candidate_wants_look_up(const struct candidate *candidate);

/* They were found just now, elsewhere. */
void candidate_know(struct candidate *candidate, const struct addresses *list);

void candidate_failed(struct candidate *candidate);   /* it is tried last for 30 s */
void candidate_answered(struct candidate *candidate); /* no longer */
bool candidate_failed_of_late(const struct candidate *candidate, int64_t now);

/* Whether the endpoint is this proxy: by name, or by an address already looked up. */
bool candidate_is(const struct candidate *candidate, const struct endpoint *endpoint);

#endif
