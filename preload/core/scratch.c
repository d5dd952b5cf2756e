#include <ptunnel/scratch.h>
#include <ptunnel/arena.h>

#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { FIRST_ROOM = 64 * 1024, PIECE = 256 * 1024 };

static int make_room(struct scratch *scratch, size_t size)
{
    size_t room = scratch->room ? scratch->room : FIRST_ROOM;
    void *start;

    while (room - scratch->size < size)
        room *= 2;
    if (room == scratch->room)
        return 0;
    if (scratch->start)
        start = mremap(scratch->start, scratch->room, room, MREMAP_MAYMOVE);
    else
        start = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        return -1;
    scratch->start = start;
    scratch->room = room;
    return 0;
}

/* Page by page the kernel would be entered for each 4096 bytes; in a virtual machine that takes longer than
 * all else that is done with them. A kernel older than 5.14 does not know the request, and nothing is lost.
 */
static void make_ready(struct scratch *scratch, size_t size)
{
    if (scratch->ready == 0)
        scratch->ready = FIRST_ROOM; /* little is common, and asked for as it is needed */
    while (scratch->ready < size) {
        size_t rest = scratch->room - scratch->ready, piece = rest < PIECE ? rest : PIECE;

        madvise(scratch->start + scratch->ready, piece, MADV_POPULATE_WRITE);
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
