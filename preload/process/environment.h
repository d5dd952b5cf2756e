/* The environment as this program was given it, as far as it concerns us. Programs overwrite
 * theirs (setproctitle) and clean that of their children; the library still knows what it
 * was told, and hands it on. */
#ifndef PTUNNEL_ENVIRONMENT_H
#define PTUNNEL_ENVIRONMENT_H

#include <ptunnel/reach.h>

#include <stdbool.h>
#include <stddef.h>

void environment_keep(void); /* once, before the program runs */

const char *environment_variable(const char *name); /* as it was; NULL: not set then, or none of ours */

/* The absolute path of the library, which children get by LD_PRELOAD. NULL: it did not come by LD_PRELOAD but
 * by /etc/ld.so.preload, which serves the children as well. */
const char *environment_library(void);

/* Whether every pointer and every word of it can be read: if not, execve(2) says EFAULT. */
bool environment_readable(char *const *envp);

/* Whether LD_PRELOAD is set, and set to nothing wherever it stands: somebody decided that. */
bool environment_emptied(char *const *envp);

/* An environment for a program that was looked at: the caller's own, and those of our variables that are missing in it.
 * LD_PRELOAD, unless it was emptied, stands in it once and has the library in it; of several the last counts, as for ld.so(8).
 * Nothing is allocated (a vfork child asks): the caller brings environment_size() bytes, aligned for pointers, and the
 * result points into them and into envp. */
size_t environment_size(char *const *envp);
char *const *environment_complete(void *room, char *const *envp, struct reach_look *look);

/* The same, but the word for LD_PRELOAD begins with PTUNNEL_: for ptunnel-run, which is not to be preloaded itself and
 * takes that off again, see helper/run/child.h. */
char *const *environment_set_aside(void *room, char *const *envp, struct reach_look *look);

bool environment_same(char *const *one, char *const *other); /* the same words at the same addresses */

/* Makes this the program's own environment, for calls that start a child with it by themselves, as system(3).
 * environ then points to another array, which was complete before that; the array and the words before it are
 * not touched, since other threads may be reading them. */
void environment_put(char *const *envp);

#endif
