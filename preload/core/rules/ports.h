/* Which rule a port of one name or prefix belongs to. */
#ifndef PTUNNEL_PORTS_H
#define PTUNNEL_PORTS_H

#include "build.h"

/* count 0: no rule; 1: all ports are of the rule `first`; else so many spans, from number `first` in the
 * rules' array of spans. */
struct ports {
    uint32_t count, first;
};

struct span {      /* the ports from .from to before the next one's */
    uint32_t rule; /* or RULES_NONE */
    uint16_t from;
};

/* One range of ports of one pattern. Uses of the same name or prefix are chained in the order of the
 * rules. */
struct use {
    uint32_t rule;
    uint32_t next; /* number of a use; 0 ends the chain */
    uint16_t first, last;
    uint8_t where;
};

/* The ports that a chain gives to `where`. Its spans are added to builder->spans. */
struct ports ports_build(struct rules_builder *builder, uint32_t chain, unsigned where);

#endif
