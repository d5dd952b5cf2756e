/* HOST[:PORTS] of a rule, taken apart. */
#ifndef PTUNNEL_PATTERN_H
#define PTUNNEL_PATTERN_H

#include "prefix.h"

#include <stdbool.h>
#include <stddef.h>

enum pattern_kind { PATTERN_ANY, PATTERN_NAME, PATTERN_V4, PATTERN_V6 };
enum { NAME_ITSELF = 1, NAME_BELOW = 2 };

/* A host of a rule, and behind it the text of its ports, which pattern_ports() reads. */
struct pattern {
    enum pattern_kind kind;
    unsigned where; /* PATTERN_NAME: NAME_ITSELF, NAME_BELOW or both */
    unsigned bits;  /* PATTERN_V4, PATTERN_V6: of the prefix */
    struct prefix_key key;
    const char *name;
    size_t name_size;
    const char *ports, *end; /* the text of the ports; empty: all ports */
};

/* What is wrong: what should have stood there, and the part of the text that does. */
struct pattern_wrong {
    const char *expected; /* "a port between 1 and 65535" */
    const char *part;
    size_t size;
};

/* False: *wrong says why. The pattern points into the text. */
bool pattern_parse(struct pattern *out, const char *text, size_t size, struct pattern_wrong *wrong);

/* The next range of ports. Start with *at = pattern->ports. False behind the last one, with wrong->expected
 * NULL, or where the text is wrong. */
bool pattern_ports(const struct pattern *pattern, const char **at, uint16_t *first, uint16_t *last,
                   struct pattern_wrong *wrong);

#endif
