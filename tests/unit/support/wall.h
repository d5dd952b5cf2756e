/* Bytes that end where an unreadable page begins: whoever reads one too many is found out, with or without
 * ASan. */
#ifndef UNIT_WALL_H
#define UNIT_WALL_H

#include <stddef.h>

enum { WALL_ROOM = 128 * 1024 };

/* A copy that stands until the next call with the same number (0 or 1). */
char *against_wall(unsigned number, const char *bytes, size_t size);

#endif
