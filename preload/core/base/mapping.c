#include "mapping.h"

#include <stdint.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Large pages want to begin at a multiple of their size: what is too much in front and behind goes back. A
 * kernel without them does not know the request, and nothing is lost. */
void *mapping_new(size_t size)
{
    size_t spare = size < MAPPING_LARGE ? 0 : MAPPING_LARGE, before;
    char *start = mmap(NULL, size + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (start == MAP_FAILED)
        return NULL;
    if (spare == 0)
        return start;
    before = -(uintptr_t)start % MAPPING_LARGE;
    if (before)
        munmap(start, before);
    munmap(start + before + size, spare - before);
    madvise(start + before, size, MADV_HUGEPAGE);
    return start + before;
}

/* A kernel older than 5.14 does not know the request either. */
void mapping_populate(void *start, size_t size)
{
    madvise(start, size, MADV_POPULATE_WRITE);
}
