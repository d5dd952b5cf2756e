/* Whether to run a command that preloading cannot reach. */
#ifndef PTUNNEL_ALLOW_H
#define PTUNNEL_ALLOW_H

#include <ptunnel/reach.h>

#include <stdbool.h>

/* Whether the command, as execvp(3) will be given it, may be run: it will be preloaded with this library or
 * that for its class, or `force` was said, or there is no such file. If not, or if only `force` allows it and not `quiet`, the
 * reason is on standard error. `look` is what was found. */
bool allow_command(char **command, const char *library, struct reach_look *look, bool force, bool quiet);

#endif
