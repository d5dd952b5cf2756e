/* Programs that this one starts: they are preloaded too, or somebody is told. Nothing here allocates, and a
 * child of vfork(2) may call all of it. */
#ifndef PTUNNEL_CHILDREN_H
#define PTUNNEL_CHILDREN_H

#include <stdbool.h>

struct child {
    int directory;    /* as for execveat(2), whose empty path is the descriptor itself; else AT_FDCWD */
    const char *file; /* as execvp(3) searches for it, or as execve(2) takes it */
    bool search;
    char *const *argv, *const *envp; /* NULL: none */
    void *room;                      /* in which envp lies then */
};

/* Before a program is started: its environment names the library that fits it, and what we were told, even where the caller
 * cleaned it. A child that preloading cannot reach is named in the log. 0; or, and then there is nothing to end, -EACCES if
 * it is not to be started, -ENOMEM. What cannot be read is left as it is: the kernel says EFAULT. */
int children_before_start(struct child *child);

/* After the call that was to start it, if that came back. Leaves errno alone. */
void children_end(struct child *child);

#endif
