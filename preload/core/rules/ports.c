/* The ports of one name or prefix: ranges in the order of their rules, the first rule with a port counts.
 *
 * All ports are cut into pieces at every end of a range. Each range, in the order of the rules, then takes
 * the pieces in it that are still free. The next free piece is found by union-find with path compression:
 * a taken piece points to the one behind it, so no piece is visited twice. */
#include "ports.h"
#include "sort.h"

#include <string.h>

struct piece {
    uint8_t from[4]; /* its first port, big endian, so that memcmp(3) orders pieces */
    uint32_t rule;
    uint32_t next; /* itself while it is free, else a piece at or before the next free one */
};

static const struct use *use_at(const struct rules_builder *builder, uint32_t number)
{
    return (const struct use *)(const void *)builder->uses.start + number;
}

static bool all_ports(const struct use *use)
{
    return use->first == 0 && use->last == PORTS_END - 1;
}

/* The first use for `where` on the chain, from `number` on; 0: none. */
static uint32_t skip(const struct rules_builder *builder, uint32_t number, unsigned where)
{
    while (number && !(use_at(builder, number)->where & where))
        number = use_at(builder, number)->next;
    return number;
}

static void cut_at(struct rules_builder *builder, uint32_t port)
{
    struct piece *piece = scratch_add(&builder->work, sizeof *piece);

    if (!piece) {
        builder->no_memory = true;
        return;
    }
    for (int i = 0; i < 4; i++)
        piece->from[i] = (uint8_t)(port >> (24 - 8 * i));
    piece->rule = RULES_NONE;
}

static uint32_t from_of(const struct piece *piece)
{
    return (uint32_t)piece->from[0] << 24 | (uint32_t)piece->from[1] << 16 | (uint32_t)piece->from[2] << 8 |
           piece->from[3];
}

/* Leaves the pieces in builder->work, sorted, without doubles; the last one begins at PORTS_END and ends the
 * list. Returns their number, 0 if there is no memory. */
static uint32_t cut(struct rules_builder *builder, uint32_t chain, unsigned where)
{
    size_t count, kept = 0;
    struct piece *pieces;

    builder->work.size = 0;
    cut_at(builder, 0);
    cut_at(builder, PORTS_END);
    for (uint32_t use = skip(builder, chain, where); use;
         use = skip(builder, use_at(builder, use)->next, where)) {
        cut_at(builder, use_at(builder, use)->first);
        cut_at(builder, use_at(builder, use)->last + UINT32_C(1));
    }
    count = builder->work.size / sizeof *pieces;
    /* The second half is the sort's spare room. */
    if (builder->no_memory || !scratch_add(&builder->work, count * sizeof *pieces)) {
        builder->no_memory = true;
        return 0;
    }
    sort_records(builder->work.start, builder->work.start + count * sizeof *pieces, count, sizeof *pieces,
                 offsetof(struct piece, from), sizeof pieces->from);
    pieces = (struct piece *)(void *)builder->work.start;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || memcmp(pieces[i].from, pieces[kept - 1].from, sizeof pieces->from) != 0)
            pieces[kept++] = pieces[i];
    for (size_t i = 0; i < kept; i++)
        pieces[i].next = (uint32_t)i;
    return (uint32_t)kept;
}

static uint32_t free_piece(struct piece *pieces, uint32_t at)
{
    uint32_t found = at;

    while (pieces[found].next != found)
        found = pieces[found].next;
    while (at != found) {
        uint32_t next = pieces[at].next;

        pieces[at].next = found;
        at = next;
    }
    return found;
}

static uint32_t piece_of(const struct piece *pieces, uint32_t count, uint32_t port)
{
    uint32_t at = 0;

    while (count > 1) {
        uint32_t half = count / 2;

        if (from_of(&pieces[at + half]) <= port)
            at += half;
        count -= half;
    }
    return at;
}

static void give(struct piece *pieces, uint32_t count, const struct use *use)
{
    uint32_t end = piece_of(pieces, count, use->last + UINT32_C(1));
    uint32_t at = free_piece(pieces, piece_of(pieces, count, use->first));

    while (at < end) {
        pieces[at].rule = use->rule;
        pieces[at].next = at + 1;
        at = free_piece(pieces, at);
    }
}

/* Neighbours with the same rule become one span. */
static struct ports spans_of(struct rules_builder *builder, const struct piece *pieces, uint32_t count)
{
    struct ports ports = { .first = (uint32_t)(builder->spans.size / sizeof(struct span)) };

    for (uint32_t i = 0; i + 1 < count; i++) {
        struct span *span;

        if (i > 0 && pieces[i].rule == pieces[i - 1].rule)
            continue;
        span = scratch_add(&builder->spans, sizeof *span);
        if (!span) {
            builder->no_memory = true;
            return (struct ports){ 0 };
        }
        *span = (struct span){ .rule = pieces[i].rule, .from = (uint16_t)from_of(&pieces[i]) };
        ports.count++;
    }
    if (ports.count > 1)
        return ports;
    builder->spans.size -= sizeof(struct span);
    return (struct ports){ .count = 1, .first = pieces[0].rule };
}

struct ports ports_build(struct rules_builder *builder, uint32_t chain, unsigned where)
{
    uint32_t first = builder->no_memory ? 0 : skip(builder, chain, where), count;
    struct piece *pieces;

    if (first == 0)
        return (struct ports){ 0 };
    if (all_ports(use_at(builder, first)))
        return (struct ports){ .count = 1, .first = use_at(builder, first)->rule };
    count = cut(builder, first, where);
    if (count == 0)
        return (struct ports){ 0 };
    pieces = (struct piece *)(void *)builder->work.start;
    for (uint32_t use = first; use; use = skip(builder, use_at(builder, use)->next, where))
        give(pieces, count, use_at(builder, use));
    return spans_of(builder, pieces, count);
}
