/* Sorting for whoever has no malloc(3), which qsort(3) may want. */
#ifndef PTUNNEL_SORT_H
#define PTUNNEL_SORT_H

#include <stddef.h>

/* Sorts `count` records of `size` bytes by the key_size bytes at key_at in each, as memcmp(3) orders them;
 * equal ones stay in order. spare has room for all records. Few are sorted by insertion, many by radix, a
 * pass for each byte of the key in which they differ. */
void sort_records(char *records, char *spare, size_t count, size_t size, size_t key_at, size_t key_size);

#endif
