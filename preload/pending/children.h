/* Programs that this one starts: they are preloaded too, or somebody is told. Nothing here allocates, and a child of
 * vfork(2) may call all of it. */
#ifndef PTUNNEL_CHILDREN_H
#define PTUNNEL_CHILDREN_H

#include "environment.h"

#include <limits.h>
#include <stdbool.h>

enum { CHILDREN_PATH_SIZE = PATH_MAX + 32 };

/* Before a program is started, `file` as execvp(3) searches for it (search) or as execve(2) takes it: descriptors that it
 * inherits are connected to the end, and a child that preloading cannot reach is named in the log. 0, or -EACCES if such a
 * child is not to be started. */
int children_before_start(const char *file, char *const *argv, char *const *envp, bool search);

/* A path for what execveat(2) means; out has CHILDREN_PATH_SIZE bytes. */
void children_descriptor_path(char *out, int directory, const char *path);

/* Room for children_environment(), on the caller's stack, since it has to last until exec. */
#define CHILDREN_ROOM(envp) __builtin_alloca_with_align(environment_size(envp), 8 * sizeof(void *))

#endif
