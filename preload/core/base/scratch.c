#include <ptunnel/scratch.h>
#include <ptunnel/arena.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { ROOM_LEAST = 64 * 1024 }; /* whole pages, whatever their size */

/* No address space has as much, and its double is still a size_t. */
static const size_t at_most = SIZE_MAX / 16;

static bool make_room(struct scratch *scratch, size_t size)
{
    size_t room = scratch->room ? scratch->room : ROOM_LEAST;
    void *start;

    while (room - scratch->size < size)
        room *= 2;
    if (room == scratch->room)
        return true;
    start = arena_map(room);
    if (!start)
        return false;
    if (scratch->start) {
        memcpy(start, scratch->start, scratch->size);
        munmap(scratch->start, scratch->room);
    }
    scratch->start = start;
    scratch->room = room;
    return true;
}

void *scratch_add(struct scratch *scratch, size_t size)
{
    if (size > at_most || scratch->size > at_most || !make_room(scratch, size))
        return NULL;
    scratch->size += size;
    return scratch->start + scratch->size - size;
}

const void *scratch_keep(struct scratch *scratch)
{
    const void *kept;
    size_t whole = (scratch->size + ROOM_LEAST - 1) & ~(size_t)(ROOM_LEAST - 1);

    if (scratch->size <= ROOM_LEAST) {
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
