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
    _Atomic int64_t failed_at;   /* see candidate_failed(); 0 again once it answered */
    _Atomic uint64_t unanswered; /* the target that had no reply, if that was the last thing; else 0 */
    _Atomic int64_t unanswered_at;
    _Atomic int64_t looked_up_at;
    _Atomic(const struct addresses *) addresses; /* immutable, never freed; NULL: none were found yet */
};

/* The addresses to connect to; looks a name up once, and again when the last attempt failed and the last
 * look-up is 5 s old. NULL: the name does not resolve. May block as long as getaddrinfo(3) does. */
const struct addresses *candidate_addresses(struct candidate *candidate, const struct net *net);

/* Whether candidate_addresses() would look the name up, and so might wait. A caller that must not wait uses
 * the addresses that are known. */
bool candidate_wants_look_up(const struct candidate *candidate);

/* They were found just now, elsewhere. */
void candidate_know(struct candidate *candidate, const struct addresses *list);

/* It could not be connected to: it is tried last for 30 s, or until it answered: that is, a whole reply came, whatever it
 * says. */
void candidate_failed(struct candidate *candidate);
void candidate_answered(struct candidate *candidate);

/* It took the connection, and no whole reply came for a target (any hash of it, not 0): the target may be to blame, so
 * it is tried last for that one alone. If it is the second one in a row, as candidate_failed(). */
void candidate_silent(struct candidate *candidate, uint64_t target);

/* Whether it is to be tried last, for this target; 0: for any. */
bool candidate_failed_of_late(const struct candidate *candidate, uint64_t target, int64_t now);

/* Whether the endpoint is this proxy: by name, or by an address already looked up. */
bool candidate_is(const struct candidate *candidate, const struct endpoint *endpoint);

#endif
