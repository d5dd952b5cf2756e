/* The structure that decides, see rules.h: what build.c fills and match.c reads. */
#ifndef PTUNNEL_INDEX_H
#define PTUNNEL_INDEX_H

#include "ports.h"
#include "prefix.h"

#include <ptunnel/rules.h>

struct name_slot {
    uint32_t hash;
    uint32_t node; /* where it begins in the names, in units of NAME_UNIT; 0: free */
};

/* With its bytes behind it, so that the processor fetches both at once. */
struct name_node {
    struct ports itself, below;
    uint8_t size;
    char name[]; /* in lower case */
};

enum { NAME_UNIT = 4 };
_Static_assert(_Alignof(struct name_node) <= NAME_UNIT, "a name may begin at an odd place");

/* What is asked of a rule for each decision, apart from the rest of it. */
struct rule_brief {
    uint8_t verdict, route;
};

struct prefix_node {
    struct ports ports;
    uint32_t parent; /* number of the node around it, and 1; 0: none */
    uint32_t bits;
};

struct prefix_tree {
    size_t count;
    const struct prefix_key *keys; /* sorted */
    const struct prefix_node *nodes;
};

struct rules {
    size_t count;
    const struct rule *rules;
    const struct span *spans;
    unsigned name_shift; /* of a hash, to make it the number of a slot */
    const struct name_slot *slots;
    const char *names;
    const struct rule_brief *briefs;
    struct prefix_tree v4, v6;
    struct ports any;
};

enum { SLOT_BITS_LEAST = 3 };

struct rule_brief rules_brief(const struct rules *rules, uint32_t number); /* number < rules->count */

/* FNV-1a, 32 bits, a byte at a time. */
static inline uint32_t name_hash(uint32_t hash, char c)
{
    return (hash ^ text_lower(c)) * UINT32_C(16777619);
}

enum { NAME_HASH_START = 0 };

/* The slot of the name: its own, or the free one where it would be. */
const struct name_slot *rules_name_slot(const struct rules *rules, uint32_t hash, const char *name,
                                        size_t size);

#endif
