/* Memory for a wait that is too large for the stack. A thread may be cancelled in the wait and never give it back: then
 * whoever takes room next does. */
#ifndef PTUNNEL_TRAY_H
#define PTUNNEL_TRAY_H

#include <stddef.h>

void *tray_take(size_t size); /* zeroed; NULL: no memory */
void tray_give(void *memory, size_t size);

#endif
