/* Items by descriptor number, a page of them at a time: memory only for the numbers that were used, without
 * lock or malloc. A page is never given back. */
#ifndef PTUNNEL_FD_MAP_H
#define PTUNNEL_FD_MAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { FD_MAP_NUMBERS = 1024 * 1024 }; /* descriptors below this: the kernel's usual limit (fs.nr_open) */

struct fd_map {
    size_t item;       /* bytes of one */
    unsigned per_page; /* items in a page */
    _Atomic(void *) *pages;
};

/* A map named `map` of items of a type, `each` of them in a page. */
#define FD_MAP(map, type, each)                                                                              \
    static _Atomic(void *) map##_pages[FD_MAP_NUMBERS / (each)];                                             \
    static const struct fd_map map = { sizeof(type), each, map##_pages }

/* The item of a number, all zero at first. NULL: the number is negative or beyond the map, or there is no
 * page for it and `create` is false, or there is no memory. */
void *fd_map_at(const struct fd_map *map, int fd, bool create);

/* The first number from fd on that has a page; FD_MAP_NUMBERS: there is none. */
int fd_map_next(const struct fd_map *map, int fd);

#endif
