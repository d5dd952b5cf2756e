/* Pointers that programs pass. The kernel says EFAULT where a hook that looked for itself would end the
 * program. */
#ifndef PTUNNEL_READABLE_H
#define PTUNNEL_READABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether size (at least 1) bytes can be read: asks the kernel, once for each page. Both leave errno alone. */
bool readable(const void *start, size_t size);
bool readable_and_writable(const void *start, size_t size); /* the same; nothing is changed */

/* False: what holds for the first byte holds for the last. */
bool readable_crosses_page(const void *start, size_t size);

#endif
