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
    void *room;                      /* where a new envp, argv and path lie; for children_end() */
    bool is_fixed;                   /* what is started cannot be changed any more */
    bool is_between;                 /* ptunnel-run is started by its path, and starts the program */
};

/* Before a program is started: puts the library that fits it and our variables into its environment, even
 * where the caller cleaned that. One that preloading cannot reach but a supervisor can is started by ptunnel-run:
 * .file and .argv are then that one's, and .is_between. Any other is named in the log. 0; -EACCES if the
 * child must not be started, or -ENOMEM: children_end() is not due then. An environment that cannot be read
 * is left as it is: the kernel says EFAULT. */
int children_before_start(struct child *child);

/* After the call that starts it, if that returns. Leaves errno alone. */
void children_end(struct child *child);

#endif
