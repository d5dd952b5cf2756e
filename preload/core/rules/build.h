/* From rules, one after the other, to the structure that decides (see index.h). */
#ifndef PTUNNEL_BUILD_H
#define PTUNNEL_BUILD_H

#include "pattern.h"

#include <ptunnel/rules.h>
#include <ptunnel/scratch.h>

/* Gathers rules in the order in which they count. */
struct rules_builder { /* all zero: empty */
    struct scratch rules, uses, names, v4, v6, spans, work;
    uint32_t any; /* the uses of PATTERN_ANY, a chain */
    uint32_t any_last;
    bool no_memory;
};

uint32_t rules_add(struct rules_builder *builder, const struct rule *rule); /* its number */
/* The ports first to last of a pattern belong to the rule added last. The pattern's name must stay where it
 * is. */
void rules_add_pattern(struct rules_builder *builder, const struct pattern *pattern, uint16_t first,
                       uint16_t last);
uint32_t rules_added(const struct rules_builder *builder);
struct rule *rules_added_at(const struct rules_builder *builder, uint32_t number);

/* Both end the builder. NULL: no memory. */
const struct rules *rules_finish(struct rules_builder *builder);
void rules_drop(struct rules_builder *builder);

#endif
