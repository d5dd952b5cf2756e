#include "mapping.h"

#include <ptunnel/arena.h>
#include <ptunnel/scratch.h>

#include <string.h>
#include <sys/mman.h>

enum { FIRST_ROOM = 64 * 1024, PIECE = 256 * 1024 };

static int make_room(struct scratch *scratch, size_t size)
{
    size_t room = scratch->room ? scratch->room : FIRST_ROOM;
    void *start;

    while (room - scratch->size < size)
        room *= 2;
    if (room > PIECE && room < MAPPING_LARGE)
        room = MAPPING_LARGE;
    if (room == scratch->room)
        return 0;
    start = mapping_new(room);
    if (!start)
        return -1;
    if (scratch->start) {
        memcpy(start, scratch->start, scratch->size);
        munmap(scratch->start, scratch->room);
    }
    scratch->start = start;
    scratch->room = room;
    scratch->ready = 0;
    return 0;
}

/* Little is common, and asked for as it is needed. */
static void make_ready(struct scratch *scratch, size_t size)
{
    if (scratch->ready < FIRST_ROOM)
        scratch->ready = FIRST_ROOM;
    while (scratch->ready < size) {
        size_t rest = scratch->room - scratch->ready, piece = rest < PIECE ? rest : PIECE;

        mapping_populate(scratch->start + scratch->ready, piece);
        scratch->ready += piece;
    }
}

void *scratch_add(struct scratch *scratch, size_t size)
{
    char *added;

    if (size > (size_t)1 << 40 || make_room(scratch, size) < 0)
        return NULL;
    added = scratch->start + scratch->size;
    scratch->size += size;
    if (scratch->size > scratch->ready)
        make_ready(scratch, scratch->size);
    return added;
}

const void *scratch_keep(struct scratch *scratch)
{
    const void *kept;
    size_t whole = (scratch->size + PIECE - 1) & ~(size_t)(PIECE - 1);

    if (scratch->size <= FIRST_ROOM) {
        kept = scratch->size ? arena_copy(scratch->start, scratch->size) : "";
        scratch_free(scratch);
        return kept;
    }
    kept = scratch->start;
    if (whole < scratch->room)
        munmap(scratch->start + whole, scratch->room - whole);
    *scratch = (struct scratch){ 0 };
    return kept;
}

void scratch_free(struct scratch *scratch)
{
    if (scratch->start)
        munmap(scratch->start, scratch->room);
    *scratch = (struct scratch){ 0 };
}
