/* The environment as this program was given it, as far as it concerns us. Programs overwrite
 * theirs (setproctitle) and clean that of their children; the library still knows what it
 * was told, and hands it on. */
#ifndef PTUNNEL_ENVIRONMENT_H
#define PTUNNEL_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

void environment_keep(void); /* once, before the program runs */

const char *environment_variable(const char *name); /* as it was; NULL: not set then, or none of ours */

/* An environment for a child: the program's own, and those of our variables that are missing in it.
 * LD_PRELOAD gets our library in front, unless it is there but empty: that is somebody's decision. Nothing is
 * allocated (a vfork child asks): the caller brings environment_size() bytes, aligned for pointers, and the
 * result points into them and into envp. */
size_t environment_size(char *const *envp);
char *const *environment_complete(void *room, char *const *envp);

/* The same of the program's own environment, for calls that start a child with that and ask
 * nobody. Where nothing is missing, which is nearly always so, nothing is done; otherwise it is
 * setenv(3), which allocates. */
void environment_put_back(void);

/* Whether a child with this environment, made complete, is preloaded with the library. One that came by
 * another way than LD_PRELOAD (/etc/ld.so.preload) comes to the children by it, too. */
bool environment_preloads(char *const *envp);

/* Whether the library can be opened now where LD_PRELOAD says it is: not in another root directory, nor by a
 * user who may not read it, and a loader then goes on without it. A name without a directory is for the
 * loader to find. `path` is room for it. */
bool environment_library_is_there(char *path, size_t size);

#endif
