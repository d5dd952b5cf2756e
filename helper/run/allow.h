/* Whether to run a command that preloading cannot reach. */
#ifndef PTUNNEL_ALLOW_H
#define PTUNNEL_ALLOW_H

#include <stdbool.h>

enum allowed {
    ALLOWED_NOT,
    ALLOWED,
    ALLOWED_COMPANION, /* not by us: it is built for another machine, and there is a `companion` that may be asked */
};

/* Whether the command, as execvp(3) will be given it, may be run: it will be preloaded, or `force` was said,
 * or there is no such file. If not, or if only `force` allows it and not `quiet`, the reason is on standard
 * error. */
enum allowed allow_command(char **command, bool force, bool quiet, bool companion);

#endif
