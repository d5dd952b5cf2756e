/* The structure that decides, see rules.h. build.c makes it, match.c reads it. */
#ifndef PTUNNEL_INDEX_H
#define PTUNNEL_INDEX_H

#include "ports.h"
#include "prefix.h"

#include <ptunnel/rules.h>

struct name_slot {
    uint32_t hash;
    uint32_t node; /* offset of the name_node in .names, in units of NAME_UNIT; 0: free */
};

/* The name lies behind its ports, so that one cache line often holds all. */
struct name_node {
    struct ports itself, below;
    uint8_t size;
    char name[]; /* in lower case */
};

enum { NAME_UNIT = 4 };
_Static_assert(_Alignof(struct name_node) <= NAME_UNIT, "a name may begin at an odd place");

/* What each decision needs of a rule, in an array of its own that stays in the cache. */
struct rule_brief {
    uint8_t verdict, route;
};

struct prefix_node {
    struct ports ports;
    uint32_t parent; /* the number of the enclosing prefix, plus 1; 0: none */
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
    unsigned name_shift; /* slot = hash * 2^32/phi >> name_shift */
    const struct name_slot *slots;
    const char *names;
    const struct rule_brief *briefs;
    struct prefix_tree v4, v6;
    struct ports any;
};

enum { SLOT_BITS_LEAST = 3 };

struct rule_brief rules_brief(const struct rules *rules, uint32_t number); /* number < rules->count */

/* FNV-1a, 32 bits: adds one byte, in lower case. */
static inline uint32_t name_hash(uint32_t hash, char c)
{
    return (hash ^ text_lower(c)) * UINT32_C(16777619);
}

enum { NAME_HASH_START = 0 };

/* The slot of the name, or the free one where it would be put. */
const struct name_slot *rules_name_slot(const struct rules *rules, uint32_t hash, const char *name,
                                        size_t size);

#endif
