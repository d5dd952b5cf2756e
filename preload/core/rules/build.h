/* From rules, one after the other, to the structure that decides (see index.h). */
#ifndef PTUNNEL_BUILD_H
#define PTUNNEL_BUILD_H

#include "pattern.h"

#include <ptunnel/rules.h>
#include <ptunnel/scratch.h>

/* Gathers rules, the first one first. All zero: empty. */
struct rules_builder {
    struct scratch rules, uses, names, v4, v6, spans, work;
    uint32_t any; /* the chain of the uses of '*' (see ports.h) */
    uint32_t any_last;
    bool no_memory;
};

uint32_t rules_add(struct rules_builder *builder, const struct rule *rule); /* returns its number */
/* These ports of the pattern belong to the rule added last. pattern->name is not copied: it must outlive the
 * rules. */
void rules_add_pattern(struct rules_builder *builder, const struct pattern *pattern, uint16_t first,
                       uint16_t last);

/* How many rules there are, and the one of a number, good until the next one is added. */
uint32_t rules_added(const struct rules_builder *builder);
struct rule *rules_added_at(const struct rules_builder *builder, uint32_t number);

/* rules_finish() makes the rules, in the arena; NULL: no memory. Both end the builder. */
const struct rules *rules_finish(struct rules_builder *builder);
void rules_drop(struct rules_builder *builder);

#endif
