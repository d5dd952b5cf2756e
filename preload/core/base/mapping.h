/* Memory from the kernel, in pages of 2 MB where there is that much of it: in a virtual machine the first
 * touch of each page can take longer than all else that is done with its 4096 bytes. */
#ifndef PTUNNEL_MAPPING_H
#define PTUNNEL_MAPPING_H

#include <stddef.h>

enum { MAPPING_LARGE = 2 * 1024 * 1024 };

/* Zeroed bytes; NULL: no memory. A size from MAPPING_LARGE on has to be a multiple of it. */
void *mapping_new(size_t size);

/* Has the kernel find the memory now, in one call. */
void mapping_populate(void *start, size_t size);

#endif
