/* Where the library is that the command is to have in front. */
#ifndef PTUNNEL_LIBRARY_H
#define PTUNNEL_LIBRARY_H

#include <stddef.h>

/* Beside this program; in the `lib` next to the `bin` that it is in; where `make install` was to put it. The
 * last one is given as well if it is in none of them. Never by the working directory, argv[0] or PATH, which
 * others may have a say in. */
void library_find(char *path, size_t size);

#endif
