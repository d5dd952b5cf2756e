/* Files that are to be this user's alone, in folders where others may have put one of that name. */
#ifndef PTUNNEL_OWNED_H
#define PTUNNEL_OWNED_H

#include <sys/stat.h>

/* What is wrong with an open file, in words ("belongs to somebody else: have it removed"), or NULL: it is a regular one of
 * this user's that has one name. */
const char *owned_wrong(const struct stat *file);

#endif
