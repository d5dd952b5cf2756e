#include "build.h"
#include "index.h"
#include "sort.h"

#include <ptunnel/arena.h>

#include <string.h>

/* Bytes of an address and, behind it, of its prefix's length: in this order they sort. */
enum { V4_KEY = 5, V6_KEY = 17 };

struct name_record {
    const char *name;
    uint32_t size, hash, use;
};

struct prefix_record {
    uint8_t key[V6_KEY];
    uint32_t use;
};

/* The element of this number in a scratch of such elements. */
#define ELEMENT(scratch, type, number) ((type *)(void *)(scratch).start + (number))
#define COUNT(scratch, type)           ((scratch).size / sizeof(type))

static void *add(struct rules_builder *builder, struct scratch *scratch, size_t size)
{
    void *added = builder->no_memory ? NULL : scratch_add(scratch, size);

    if (!added)
        builder->no_memory = true;
    return added;
}

uint32_t rules_added(const struct rules_builder *builder)
{
    return (uint32_t)COUNT(builder->rules, struct rule);
}

struct rule *rules_added_at(const struct rules_builder *builder, uint32_t number)
{
    return ELEMENT(builder->rules, struct rule, number);
}

uint32_t rules_add(struct rules_builder *builder, const struct rule *rule)
{
    struct rule *added = add(builder, &builder->rules, sizeof *added);

    if (added)
        *added = *rule;
    return rules_added(builder) - 1;
}

/* Use number 0 ends chains, so element 0 stays empty. */
static uint32_t add_use(struct rules_builder *builder, uint16_t first, uint16_t last, unsigned where)
{
    uint32_t number;

    if (!add(builder, &builder->uses, (builder->uses.size == 0 ? 2 : 1) * sizeof(struct use)))
        return 0;
    number = (uint32_t)COUNT(builder->uses, struct use) - 1;
    *ELEMENT(builder->uses, struct use, number) = (struct use){
        .rule = rules_added(builder) - 1, .first = first, .last = last, .where = (uint8_t)where
    };
    return number;
}

static void add_any(struct rules_builder *builder, uint32_t use)
{
    if (builder->any == 0)
        builder->any = use;
    else
        ELEMENT(builder->uses, struct use, builder->any_last)->next = use;
    builder->any_last = use;
}

static void add_name(struct rules_builder *builder, const struct pattern *pattern, uint32_t use)
{
    struct name_record *record = add(builder, &builder->names, sizeof *record);
    uint32_t hash = NAME_HASH_START;

    if (!record)
        return;
    for (size_t i = pattern->name_size; i-- > 0;)
        hash = name_hash(hash, pattern->name[i]);
    *record = (struct name_record){
        .name = pattern->name, .size = (uint32_t)pattern->name_size, .hash = hash, .use = use
    };
}

static void add_prefix(struct rules_builder *builder, const struct pattern *pattern, uint32_t use)
{
    bool v4 = pattern->kind == PATTERN_V4;
    struct prefix_record *record = add(builder, v4 ? &builder->v4 : &builder->v6, sizeof *record);
    size_t bytes = v4 ? V4_KEY - 1 : V6_KEY - 1;

    if (!record)
        return;
    prefix_bytes(pattern->key, record->key, bytes);
    record->key[bytes] = (uint8_t)pattern->bits;
    record->use = use;
}

void rules_add_pattern(struct rules_builder *builder, const struct pattern *pattern, uint16_t first,
                       uint16_t last)
{
    unsigned where = pattern->kind == PATTERN_NAME ? pattern->where : NAME_ITSELF;
    uint32_t use = add_use(builder, first, last, where);

    if (builder->no_memory)
        return;
    if (pattern->kind == PATTERN_ANY)
        add_any(builder, use);
    else if (pattern->kind == PATTERN_NAME)
        add_name(builder, pattern, use);
    else
        add_prefix(builder, pattern, use);
}

static void *take(struct rules_builder *builder, size_t count, size_t size)
{
    void *memory = builder->no_memory ? NULL : arena_alloc(count * size + 1);

    if (!memory)
        builder->no_memory = true;
    return memory;
}

static void put_first(struct rules_builder *builder, uint32_t *chain, uint32_t use)
{
    ELEMENT(builder->uses, struct use, use)->next = *chain;
    *chain = use;
}

static unsigned slot_bits(size_t names)
{
    unsigned bits = SLOT_BITS_LEAST;

    while ((size_t)1 << bits < names + names / 2)
        bits++;
    return bits;
}

static size_t node_size(size_t name_size)
{
    return (offsetof(struct name_node, name) + name_size + NAME_UNIT - 1) / NAME_UNIT * NAME_UNIT;
}

static void make_node(char *at, const struct name_record *record)
{
    struct name_node *node = (struct name_node *)(void *)at;

    *node = (struct name_node){ .size = (uint8_t)record->size };
    for (size_t i = 0; i < record->size; i++)
        node->name[i] = (char)text_lower(record->name[i]);
}

/* Puts each name into the table and chains its uses. From the last record to the first, so that each chain
 * ends up in the order of the rules. Returns where the names end; the first unit stays free, since node 0 is
 * a free slot. */
static size_t chain_names(struct rules_builder *builder, struct rules *out, struct name_slot *slots,
                          char *names)
{
    size_t end = NAME_UNIT;

    for (size_t i = COUNT(builder->names, struct name_record); i-- > 0;) {
        const struct name_record *record = ELEMENT(builder->names, struct name_record, i);
        struct name_slot *slot =
            slots + (rules_name_slot(out, record->hash, record->name, record->size) - slots);

        if (slot->node == 0) {
            *slot = (struct name_slot){ .hash = record->hash, .node = (uint32_t)(end / NAME_UNIT) };
            make_node(names + end, record);
            end += node_size(record->size);
        }
        put_first(builder,
                  &((struct name_node *)(void *)(names + (size_t)slot->node * NAME_UNIT))->itself.first,
                  record->use);
    }
    return end;
}

static void build_names(struct rules_builder *builder, struct rules *out)
{
    size_t count = COUNT(builder->names, struct name_record), size = NAME_UNIT, end;
    unsigned bits = slot_bits(count);
    struct name_slot *slots = take(builder, (size_t)1 << bits, sizeof *slots);
    char *names;

    for (size_t i = 0; i < count; i++)
        size += node_size(ELEMENT(builder->names, struct name_record, i)->size);
    names = take(builder, size, 1);
    if (builder->no_memory)
        return;
    out->name_shift = 32 - bits;
    out->slots = slots;
    out->names = names;
    end = chain_names(builder, out, slots, names);
    for (size_t at = NAME_UNIT; at < end;) {
        struct name_node *node = (struct name_node *)(void *)(names + at);
        uint32_t chain = node->itself.first;

        node->itself = ports_build(builder, chain, NAME_ITSELF);
        node->below = ports_build(builder, chain, NAME_BELOW);
        at += node_size(node->size);
    }
}

static void build_briefs(struct rules_builder *builder, struct rules *out)
{
    struct rule_brief *briefs = take(builder, rules_added(builder), sizeof *briefs);

    for (uint32_t i = 0; briefs && i < rules_added(builder); i++) {
        const struct rule *rule = rules_added_at(builder, i);

        briefs[i] = (struct rule_brief){ .verdict = rule->verdict, .route = (uint8_t)rule->route };
    }
    out->briefs = briefs;
}

/* The enclosing prefix of each. Sorted as they are, it is the nearest one before that has its address. */
static void find_parents(struct prefix_node *nodes, const struct prefix_key *keys, size_t count)
{
    uint32_t around = 0;

    for (uint32_t i = 0; i < count; i++) {
        while (around) {
            struct prefix_key masked = prefix_mask(keys[i], nodes[around - 1].bits);

            if (masked.high == keys[around - 1].high && masked.low == keys[around - 1].low)
                break;
            around = nodes[around - 1].parent;
        }
        nodes[i].parent = around;
        around = i + 1;
    }
}

static void build_prefixes(struct rules_builder *builder, struct scratch *records, size_t key_size,
                           struct prefix_tree *out)
{
    size_t count = COUNT(*records, struct prefix_record);
    struct prefix_key *keys = take(builder, count, sizeof *keys);
    struct prefix_node *nodes = take(builder, count, sizeof *nodes);
    const struct prefix_record *sorted;

    builder->work.size = 0;
    if (!keys || !nodes || count == 0 || !add(builder, &builder->work, records->size))
        return;
    sort_records(records->start, builder->work.start, count, sizeof *sorted, 0, key_size);
    sorted = ELEMENT(*records, struct prefix_record, 0);
    for (size_t i = 0, end; i < count; i = end) {
        uint32_t chain = 0;

        for (end = i + 1; end < count && memcmp(sorted[i].key, sorted[end].key, key_size) == 0;)
            end++;
        for (size_t k = end; k-- > i;)
            put_first(builder, &chain, sorted[k].use);
        keys[out->count] = prefix_of_bytes(sorted[i].key, key_size - 1);
        nodes[out->count].bits = sorted[i].key[key_size - 1];
        nodes[out->count++].ports = ports_build(builder, chain, NAME_ITSELF);
    }
    find_parents(nodes, keys, out->count);
    out->keys = keys;
    out->nodes = nodes;
}

const struct rules *rules_finish(struct rules_builder *builder)
{
    struct rules *rules = take(builder, 1, sizeof *rules);

    if (rules) {
        build_names(builder, rules);
        build_prefixes(builder, &builder->v4, V4_KEY, &rules->v4);
        build_prefixes(builder, &builder->v6, V6_KEY, &rules->v6);
        rules->any = ports_build(builder, builder->any, NAME_ITSELF);
        rules->count = rules_added(builder);
        build_briefs(builder, rules);
        rules->rules = scratch_keep(&builder->rules);
        rules->spans = scratch_keep(&builder->spans);
    }
    if (builder->no_memory || !rules->rules || !rules->spans)
        rules = NULL;
    rules_drop(builder);
    return rules;
}

void rules_drop(struct rules_builder *builder)
{
    struct scratch *all[] = { &builder->rules, &builder->uses,  &builder->names, &builder->v4,
                              &builder->v6,    &builder->spans, &builder->work };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        scratch_free(all[i]);
    *builder = (struct rules_builder){ 0 };
}
