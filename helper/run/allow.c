#include "allow.h"

#include "../common/libc_net.h"
#include "../common/usage.h"

#include <ptunnel/reach.h>

#include <stdlib.h>
#include <string.h>

enum allowed allow_command(char **command, bool force, bool quiet, bool companion)
{
    static struct reach_look look;
    struct reach_command asked = {
        .file = command[0], .argv = command, .path = getenv("PATH"), .search = true
    };
    enum reach reach = reach_look(&look, &asked, &libc_net);
    bool itself = strcmp(look.file, command[0]) == 0;
    const char *file = itself ? "it" : look.file;

    if (!reach_misses(reach))
        return ALLOWED;
    if (reach == REACH_MACHINE && companion)
        return ALLOWED_COMPANION;
    if (!force)
        usage_complain("%s: %s %s: %s; --force runs it nevertheless", command[0], file, reach_reason(reach),
                       reach_remedy(reach));
    else if (!quiet)
        usage_complain("%s: %s %s: run nevertheless, as --force says", command[0], file, reach_reason(reach));
    return force ? ALLOWED : ALLOWED_NOT;
}
