/* Which rule speaks of a target: the first that matches, found in a time that does not grow with their
 * number.
 *
 * Names lie in a hash table. A target's name is hashed from its end, and at each dot the table is asked for
 * what lies behind it: "ssh.example.org" asks for "org" and "example.org" (with what is below them) and at
 * last for itself. Addresses lie in a prefix tree for each family: the prefixes, sorted, each with the one
 * that encloses it. The last prefix that is not above the address is found by halving; all prefixes with the
 * address are among those around it. Each name and prefix has its ports, cut into spans, each with the least
 * number of a rule for it. */
#ifndef PTUNNEL_RULES_H
#define PTUNNEL_RULES_H

#include <ptunnel/endpoint.h>
#include <ptunnel/place.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict { VERDICT_DIRECT, VERDICT_TUNNEL, VERDICT_REJECT };

struct rule {
    const char *words; /* "tunnel .example.org via work", as it was written */
    uint32_t size;
    uint32_t line; /* of the source; 0: it has none */
    const char *source;
    uint16_t route;  /* of VERDICT_TUNNEL: see config_route() */
    uint8_t verdict; /* enum verdict */
};

enum { RULES_NONE = UINT32_MAX, RULES_MOST = 1 << 24, PORTS_END = 65536 };

struct rules;

/* The number of the first rule that matches, or RULES_NONE. What lies on or next to this machine is `local`:
 * patterns for everything ('*', 0.0.0.0/0, [::]/0) do not match it. Costs no system call. */
uint32_t rules_match(const struct rules *rules, const struct endpoint *target, bool local);

/* The next port above the target's at which another rule may match its host; PORTS_END if there is none. */
uint32_t rules_next_port(const struct rules *rules, const struct endpoint *target, bool local);

size_t rules_count(const struct rules *rules);
const struct rule *rules_at(const struct rules *rules, uint32_t number);

#endif
