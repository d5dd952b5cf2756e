/* ptunnel-run between a program that is preloaded and a child of it that cannot be: the library starts
 *
 *   ptunnel-run --child PATH FILE NAME [ARGUMENT]...
 *
 * without itself in front of that: the LD_PRELOAD that is meant for the child stands in PTUNNEL_LD_PRELOAD. It puts
 * itself under a supervisor, by the configuration that stands in the environment as for the library, and then
 * executes FILE with NAME as its first word, looking along PATH if that is not empty. What it is then is the child: same
 * process, and the environment that it was given. */
#ifndef PTUNNEL_CHILD_H
#define PTUNNEL_CHILD_H

#include <stdbool.h>

const char *child_own_path(void); /* that of this program, absolute; NULL: /proc tells none */

bool child_is(int argc, char **argv);
_Noreturn void child_run(char **argv);

/* execvpe(3), along this process's PATH; if that fails, says so and exits with 126, or 127 for a file that is not
 * there. */
_Noreturn void child_execute(const char *file, char *const *argv, char *const *envp);

#endif
