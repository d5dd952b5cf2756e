#include "fd_map.h"

#include <sys/mman.h>

static void *page_at(const struct fd_map *map, unsigned number, bool create)
{
    size_t size = map->item * map->per_page;
    _Atomic(void *) *place = &map->pages[number];
    void *page = atomic_load_explicit(place, memory_order_acquire), *none = NULL;

    if (page || !create)
        return page;
    page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    if (atomic_compare_exchange_strong(place, &none, page))
        return page;
    munmap(page, size); /* another thread was first */
    return none;
}

void *fd_map_at(const struct fd_map *map, int fd, bool create)
{
    char *page;

    if (fd < 0 || fd >= FD_MAP_NUMBERS)
        return NULL;
    page = page_at(map, (unsigned)fd / map->per_page, create);
    return page ? page + (unsigned)fd % map->per_page * map->item : NULL;
}

int fd_map_next(const struct fd_map *map, int fd)
{
    while (fd < FD_MAP_NUMBERS &&
           !atomic_load_explicit(&map->pages[(unsigned)fd / map->per_page], memory_order_acquire))
        fd += (int)(map->per_page - (unsigned)fd % map->per_page);
    return fd;
}
