/* Memory without malloc: allocators are preloaded too, and signal handlers and vfork children call connect().
 * Nothing is ever given back, so only what lives as long as the process belongs here. */
#ifndef PTUNNEL_ARENA_H
#define PTUNNEL_ARENA_H

#include <stddef.h>

/* Zeroed, aligned for any type; lock-free and async-signal-safe. NULL when the kernel has no memory left. */
void *arena_alloc(size_t size);
char *arena_copy(const char *text, size_t size); /* size bytes and a NUL; NULL as above */

/* Whole pages from the kernel, zeroed, which may be given back with munmap(2). NULL as above. */
void *arena_map(size_t size);

#endif
