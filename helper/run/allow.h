/* Commands that preloading cannot reach are not run, so that nothing goes out unnoticed. */
#ifndef PTUNNEL_ALLOW_H
#define PTUNNEL_ALLOW_H

#include <stdbool.h>

/* Whether the command, which execvp(3) will be given, may be run: it will be tunnelled, or
 * `force` was said, or there is nothing to run. Otherwise, and when force counts unless quiet,
 * the reason is on standard error. */
bool allow_command(char **command, bool force, bool quiet);

#endif
