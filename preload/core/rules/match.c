#include "index.h"

#include <arpa/inet.h>
#include <string.h>

/* A name has at most 127 labels; an address lies in at most 129 prefixes; and '*'. */
enum { MATCHES_MOST = 144 };

size_t rules_count(const struct rules *rules)
{
    return rules->count;
}

struct rule_brief rules_brief(const struct rules *rules, uint32_t number)
{
    return rules->briefs[number];
}

const struct rule *rules_at(const struct rules *rules, uint32_t number)
{
    return number < rules->count ? &rules->rules[number] : NULL;
}

static const struct name_node *node_at(const struct rules *rules, uint32_t node)
{
    return (const struct name_node *)(const void *)(rules->names + (size_t)node * NAME_UNIT);
}

static bool name_equal(const struct name_node *node, const char *name, size_t size)
{
    if (node->size != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)node->name[i] != text_lower(name[i]))
            return false;
    return true;
}

const struct name_slot *rules_name_slot(const struct rules *rules, uint32_t hash, const char *name,
                                        size_t size)
{
    uint32_t last = UINT32_MAX >> rules->name_shift;
    uint32_t at = (hash * UINT32_C(0x9e3779b1)) >> rules->name_shift;

    while (rules->slots[at].node != 0) {
        const struct name_slot *slot = &rules->slots[at];

        if (slot->hash == hash && name_equal(node_at(rules, slot->node), name, size))
            return slot;
        at = (at + 1) & last;
    }
    return &rules->slots[at];
}

static const struct name_node *find_name(const struct rules *rules, uint32_t hash, const char *name,
                                         size_t size)
{
    uint32_t node = rules_name_slot(rules, hash, name, size)->node;

    return node ? node_at(rules, node) : NULL;
}

static size_t match_name(const struct rules *rules, const char *name, struct ports *out)
{
    size_t size = strlen(name), count = 0;
    const struct name_node *node;
    uint32_t hash = NAME_HASH_START;

    for (size_t at = size; at-- > 0; hash = name_hash(hash, name[at])) {
        if (name[at] != '.')
            continue;
        node = find_name(rules, hash, name + at + 1, size - at - 1);
        if (node)
            out[count++] = node->below;
    }
    node = find_name(rules, hash, name, size);
    if (node)
        out[count++] = node->itself;
    return count;
}

static bool not_above(struct prefix_key a, struct prefix_key b)
{
    return a.high < b.high || (a.high == b.high && a.low <= b.low);
}

static bool prefix_has(const struct prefix_tree *tree, uint32_t node, struct prefix_key address)
{
    struct prefix_key masked = prefix_mask(address, tree->nodes[node].bits);

    return masked.high == tree->keys[node].high && masked.low == tree->keys[node].low;
}

static size_t match_address(const struct prefix_tree *tree, struct prefix_key address, bool local,
                            struct ports *out)
{
    size_t below = 0, count = 0;
    uint32_t node;

    for (size_t left = tree->count; left > 0;) {
        size_t half = (left + 1) / 2;

        if (not_above(tree->keys[below + half - 1], address))
            below += half;
        left -= half;
    }
    for (node = (uint32_t)below; node && !prefix_has(tree, node - 1, address);)
        node = tree->nodes[node - 1].parent;
    for (; node; node = tree->nodes[node - 1].parent)
        if (!local || tree->nodes[node - 1].bits > 0)
            out[count++] = tree->nodes[node - 1].ports;
    return count;
}

/* The ports of each name or prefix that matches the host. Returns how many. */
static size_t match_host(const struct rules *rules, const struct endpoint *target, bool local,
                         struct ports *out)
{
    size_t count;

    if (!target->literal)
        count = match_name(rules, target->host, out);
    else
        count = match_address(endpoint_is_v4(target) ? &rules->v4 : &rules->v6, prefix_of_address(target),
                              local, out);
    if (!local)
        out[count++] = rules->any;
    return count;
}

/* Binary search for the last span that does not begin above the port; the first begins at 0. */
static uint32_t span_of(const struct span *spans, uint32_t count, uint16_t port)
{
    uint32_t at = 0;

    while (count > 1) {
        uint32_t half = count / 2;

        if (spans[at + half].from <= port)
            at += half;
        count -= half;
    }
    return at;
}

static uint32_t rule_of(const struct rules *rules, struct ports ports, uint16_t port)
{
    const struct span *spans = rules->spans + ports.first;

    if (ports.count <= 1)
        return ports.count ? ports.first : RULES_NONE;
    return spans[span_of(spans, ports.count, port)].rule;
}

uint32_t rules_match(const struct rules *rules, const struct endpoint *target, bool local)
{
    struct ports matches[MATCHES_MOST];
    size_t count = match_host(rules, target, local, matches);
    uint32_t least = RULES_NONE;

    for (size_t i = 0; i < count; i++) {
        uint32_t rule = rule_of(rules, matches[i], target->port);

        if (rule < least)
            least = rule;
    }
    return least;
}

uint32_t rules_next_port(const struct rules *rules, const struct endpoint *target, bool local)
{
    struct ports matches[MATCHES_MOST];
    size_t count = match_host(rules, target, local, matches);
    uint32_t next = PORTS_END;

    for (size_t i = 0; i < count; i++) {
        const struct span *spans = rules->spans + matches[i].first;
        uint32_t after;

        if (matches[i].count <= 1)
            continue;
        after = span_of(spans, matches[i].count, target->port) + 1;
        if (after < matches[i].count && spans[after].from < next)
            next = spans[after].from;
    }
    return next;
}
