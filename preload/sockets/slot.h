/* Arrays by descriptor number, a page at a time: memory only for the numbers that were used, without lock or
 * malloc. */
#ifndef PTUNNEL_SLOT_H
#define PTUNNEL_SLOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* The page at this place, of `size` zeroed bytes; made if it is not there and create is true. NULL: it is not
 * there, or there is no memory. A page is never given back. */
void *pages_at(_Atomic(void *) *place, size_t size, bool create);

#endif
