/* Memory for a call that starts a program. It holds the child's environment, whose size others choose, so it
 * is not on the stack, and it is needed until exec. A child of vfork(2) takes it from its parent's memory,
 * and cannot give it back after exec: such a room is noticed to be free then and used again, so there are
 * never more of them than such children at once. Async-signal-safe. */
#ifndef PTUNNEL_ROOM_H
#define PTUNNEL_ROOM_H

#include <stddef.h>

/* Aligned for any type; NULL: no memory. */
void *room_take(size_t size);
void room_give_back(void *room); /* NULL: nothing */

#endif
