/* Memory that is given back: for what is needed only while a configuration is read. It moves when it grows,
 * so what lies in it is known by its offset. */
#ifndef PTUNNEL_SCRATCH_H
#define PTUNNEL_SCRATCH_H

#include <stddef.h>

struct scratch { /* all zero: empty */
    char *start;
    size_t size, room;
};

/* Adds `size` bytes of any content at the end. NULL: no memory. */
void *scratch_add(struct scratch *scratch, size_t size);

/* What is in it, for as long as the process lives. NULL: no memory. Ends the scratch. */
const void *scratch_keep(struct scratch *scratch);

/* Gives the memory back; the scratch is then empty. */
void scratch_free(struct scratch *scratch);

#endif
