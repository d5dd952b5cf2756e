/* Which rule has which port of one name or prefix. */
#ifndef PTUNNEL_PORTS_H
#define PTUNNEL_PORTS_H

#include "build.h"

/* The ports of a name or prefix. count 0: no rule; 1: `first` is the rule of all ports; else `first` is where
 * its spans begin. */
struct ports {
    uint32_t count, first;
};

struct span {      /* up to the next one's `from` */
    uint32_t rule; /* or RULES_NONE */
    uint16_t from;
};

/* One range of ports of one pattern, on the chain of its name or prefix: in the order of the rules. */
struct use {
    uint32_t rule;
    uint32_t next; /* number of a use; 0 ends the chain */
    uint16_t first, last;
    uint8_t where;
};

/* The ports of those uses of a chain that are for `where`; spans are added to the builder's. */
struct ports ports_build(struct rules_builder *builder, uint32_t chain, unsigned where);

#endif
