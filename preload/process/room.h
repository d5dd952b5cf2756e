/* Memory for a call that starts a program: as much as others choose (an environment), so not of a stack, and needed until
 * exec. In a child of vfork(2) it is the parent's, to which nobody can give it back then: such a room is used again after the
 * child's exec, so there are never more of them than such children at once. Async-signal-safe. */
#ifndef PTUNNEL_ROOM_H
#define PTUNNEL_ROOM_H

#include <stddef.h>

/* Aligned for any type; NULL: no memory. */
void *room_take(size_t size);
void room_give_back(void *room); /* NULL: nothing */

#endif
