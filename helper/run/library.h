/* Where libptunnel.so is. */
#ifndef PTUNNEL_LIBRARY_H
#define PTUNNEL_LIBRARY_H

#include <stddef.h>

/* Looks beside this program; in the `lib` next to the `bin` that it is in; where `make install` was to put
 * it. The last path is the answer if it is in none of them. The working directory, argv[0] and PATH have no
 * say: others may control them. */
void library_find(char *path, size_t size);

#endif
