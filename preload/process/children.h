/* Programs that this one starts: they are preloaded too, or somebody is told. Nothing here allocates, and a
 * child of vfork(2) may call all of it. */
#ifndef PTUNNEL_CHILDREN_H
#define PTUNNEL_CHILDREN_H

#include "environment.h"

#include <stdbool.h>

struct child {
    int directory;    /* as for execveat(2), whose empty path is the descriptor itself; else AT_FDCWD */
    const char *file; /* as execvp(3) searches for it, or as execve(2) takes it */
    bool search;
    char *const *argv, *const *envp; /* NULL: none */
};

/* Before a program is started: a child that preloading cannot reach is named in the log. 0, or -EACCES if it
 * is not to be started. */
int children_before_start(const struct child *child);

/* Whether a list of words begins where it can be read; otherwise the kernel says EFAULT. */
bool children_readable(char *const *words);

/* Room for environment_complete(), on the caller's stack, since it has to last until exec. */
#define CHILDREN_ROOM(envp) __builtin_alloca_with_align(environment_size(envp), 8 * sizeof(void *))

#endif
