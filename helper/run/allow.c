#include "allow.h"

#include "../common/libc_net.h"
#include "../common/usage.h"

#include <stdlib.h>
#include <string.h>

bool allow_command(char **command, const char *library, struct reach_look *look, bool force, bool quiet)
{
    struct reach_command asked = {
        .file = command[0], .argv = command, .path = getenv("PATH"), .search = true, .library = library
    };
    enum reach reach = reach_look(look, &asked, &libc_net);
    bool itself = strcmp(look->file, command[0]) == 0;
    const char *file = itself ? "it" : look->file;

    if (!reach_misses(reach))
        return true;
    if (!force)
        usage_complain("%s: %s %s: %s; --force runs it nevertheless", command[0], file, reach_reason(reach),
                       reach_remedy(reach));
    else if (!quiet)
        usage_complain("%s: %s %s: run nevertheless, as --force says", command[0], file, reach_reason(reach));
    return force;
}
