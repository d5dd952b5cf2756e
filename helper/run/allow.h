/* Whether to run a command that preloading cannot reach. */
#ifndef PTUNNEL_ALLOW_H
#define PTUNNEL_ALLOW_H

#include <stdbool.h>

/* Whether the command, as execvp(3) will be given it, may be run: it will be preloaded, or `force` was said,
 * or there is no such file. If not, or if only `force` allows it and not `quiet`, the reason is on standard
 * error. */
bool allow_command(char **command, bool force, bool quiet);

#endif
