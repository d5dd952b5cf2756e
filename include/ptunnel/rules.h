/* Which rule speaks of a target: the first that matches, found in a time that hardly depends on their
 * number.
 *
 * Names lie in a hash table. A target's name is hashed from its end; at each dot the table is asked for
 * the name behind it ("org" and "example.org" of "ssh.example.org": patterns for what is below them), at
 * last for the whole. Addresses lie in a prefix tree for each family: the prefixes, sorted, each with the
 * number of the one that encloses it. Binary search finds the last prefix that is not above the address;
 * the prefixes that have the address are that one or ones that enclose it. Each name and prefix has its
 * ports, cut into spans, each with the least number of a rule for it. */
#ifndef PTUNNEL_RULES_H
#define PTUNNEL_RULES_H

#include <ptunnel/endpoint.h>
#include <ptunnel/place.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict { VERDICT_DIRECT, VERDICT_TUNNEL, VERDICT_REJECT };

/* The text lies in the file's or option's own memory, see config_load(). */
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

/* The number of the first rule that matches, or RULES_NONE. `local`: the target lies on this machine or is
 * link-local; patterns for everything ('*', 0.0.0.0/0, [::]/0) then do not match. No system call. */
uint32_t rules_match(const struct rules *rules, const struct endpoint *target, bool local);

/* The next port above the target's at which another rule may match its host; PORTS_END if there is none. */
uint32_t rules_next_port(const struct rules *rules, const struct endpoint *target, bool local);

/* How many there are, and the one of a number; NULL: there is none. */
size_t rules_count(const struct rules *rules);
const struct rule *rules_at(const struct rules *rules, uint32_t number);

#endif
