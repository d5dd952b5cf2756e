/* What the files of the rules share: patterns, the building of the decision structure, and its inside. */
#ifndef PTUNNEL_INDEX_H
#define PTUNNEL_INDEX_H

#include <ptunnel/rules.h>
#include <ptunnel/scratch.h>

enum pattern_kind { PATTERN_ANY, PATTERN_NAME, PATTERN_V4, PATTERN_V6 };
enum { NAME_ITSELF = 1, NAME_BELOW = 2 };

/* The bits of an address from the highest on; of an IPv4 address 32 in `high`. */
struct prefix_key {
    uint64_t high, low;
};

/* A host of a rule, and behind it the text of its ports, to be taken apart with pattern_ports(). */
struct pattern {
    enum pattern_kind kind;
    unsigned where; /* PATTERN_NAME: NAME_ITSELF, NAME_BELOW or both */
    unsigned bits;  /* PATTERN_V4, PATTERN_V6: of the prefix */
    struct prefix_key key;
    const char *name;
    size_t name_size;
    const char *ports, *end; /* equal: all ports */
};

/* What is wrong, and with which part of the text. */
struct pattern_wrong {
    const char *expected; /* "a port between 1 and 65535" */
    const char *part;
    size_t size;
};

/* False: *wrong says why. The pattern points into the text. */
bool pattern_parse(struct pattern *out, const char *text, size_t size, struct pattern_wrong *wrong);

/* The next range of ports; false at the end, with wrong->expected not NULL if that is no end. Start with *at
 * = ports. */
bool pattern_ports(const struct pattern *pattern, const char **at, uint16_t *first, uint16_t *last,
                   struct pattern_wrong *wrong);

/* The bits of the key above the prefix, and no others. */
struct prefix_key prefix_mask(struct prefix_key key, unsigned bits);
struct prefix_key prefix_of_address(const struct endpoint *literal);

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

/* Sorts by key_size bytes at key_at in each record; equal ones stay in order.
 * spare has room for all records. */
void sort_records(char *records, char *spare, size_t count, size_t size, size_t key_at, size_t key_size);

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

static inline unsigned char name_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* FNV-1a, 32 bits, a byte at a time. */
static inline uint32_t name_hash(uint32_t hash, char c)
{
    return (hash ^ name_lower(c)) * UINT32_C(16777619);
}

enum { NAME_HASH_START = 0 };

/* The slot of the name: its own, or the free one where it would be. */
const struct name_slot *rules_name_slot(const struct rules *rules, uint32_t hash, const char *name,
                                        size_t size);

#endif
