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

/* The absolute path of the library, which children get by LD_PRELOAD. NULL: it came another way (/etc/ld.so.preload), and
 * comes to the children by it, too. */
const char *environment_library(void);

/* Whether an environment can be read, as the kernel will. */
bool environment_readable(char *const *envp);

/* Whether LD_PRELOAD is there but empty: that is somebody's decision. Where it stands several times, all of them. */
bool environment_emptied(char *const *envp);

/* An environment for a program that was looked at: the caller's own, and those of our variables that are missing in it.
 * LD_PRELOAD, unless it was emptied, stands in it once and has the library in it; of several the last counts, as for ld.so(8).
 * Nothing is allocated (a vfork child asks): the caller brings environment_size() bytes, aligned for pointers, and the
 * result points into them and into envp. */
size_t environment_size(char *const *envp);
char *const *environment_complete(void *room, char *const *envp, struct reach_look *look);

bool environment_same(char *const *one, char *const *other); /* the same words at the same addresses */

/* The program's own environment becomes this one, for calls that start a child with that and ask nobody. The array is
 * another one then, made whole before it is shown, and what was there before is not touched: other threads may be reading it. */
void environment_put(char *const *envp);

#endif
