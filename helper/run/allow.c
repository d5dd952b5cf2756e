#include "allow.h"

#include "../common/libc_net.h"
#include "../common/usage.h"

#include <ptunnel/reach.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum reach look_at(struct reach_look *look, char **command, const char *library)
{
    struct reach_command asked = {
        .file = command[0], .argv = command, .path = getenv("PATH"), .search = true, .library = library
    };

    return reach_look(look, &asked, &libc_net);
}

static bool can_be_supervised(const struct allow *allow, enum reach reach)
{
    if (allow->strict && (reach == REACH_LIBC || reach == REACH_NOTHING))
        return true;
    return reach == REACH_PRELOADED || reach_can_be_supervised(reach);
}

static enum allowed decide(const struct allow *allow, enum reach reach)
{
    bool wanted = allow->strict || allow->supervise || (reach_misses(reach) && !allow->no_supervise);

    if (wanted && can_be_supervised(allow, reach))
        return ALLOWED_SUPERVISED;
    if (!reach_misses(reach) && !allow->strict)
        return ALLOWED_PRELOADED;
    return allow->force ? ALLOWED_FORCED : ALLOWED_NOT;
}

static const char *deciding_file(const struct reach_look *look, char **command)
{
    return strcmp(look->file, command[0]) == 0 ? "it" : look->file;
}

/* What does not speak TCP, and has privileges for what it speaks instead: a listener is no help. */
static bool is_no_tcp(const char *path)
{
    static const char *const names[] = { "ping",  "ping4",      "ping6", "arping",
                                         "fping", "traceroute", "mtr",   "mtr-packet" };
    const char *slash = strrchr(path, '/');

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(slash ? slash + 1 : path, names[i]) == 0)
            return true;
    return false;
}

static const char *remedy(const struct reach_look *look, char **command)
{
    return is_no_tcp(look->file) || is_no_tcp(command[0])
               ? "it does not speak TCP, which is all that an HTTP proxy passes on"
               : reach_remedy(look->reach);
}

enum allowed allow_command(char **command, const char *library, struct reach_look *look,
                           const struct allow *allow)
{
    enum reach reach = look_at(look, command, library);
    enum allowed allowed = decide(allow, reach);
    const char *file = deciding_file(look, command);

    if (allowed == ALLOWED_NOT)
        usage_complain("%s: %s %s: %s%s", command[0], file, reach_reason(reach), remedy(look, command),
                       allow->strict ? "" : "; --force runs it nevertheless");
    if (allowed == ALLOWED_FORCED && !allow->quiet)
        usage_complain("%s: %s %s: run nevertheless, as --force says", command[0], file, reach_reason(reach));
    if (allowed == ALLOWED_SUPERVISED && allow->verbose && reach_misses(reach))
        usage_complain("%s: %s %s: it is supervised", command[0], file, reach_reason(reach));
    return allowed;
}

void allow_show(const char *begin, char **command, const char *library, const struct allow *allow)
{
    static struct reach_look look;
    static const char *const ways[] = {
        [ALLOWED_NOT] = "is not run",
        [ALLOWED_PRELOADED] = "is tunnelled by preloading",
        [ALLOWED_SUPERVISED] = "is tunnelled by a supervisor",
        [ALLOWED_FORCED] = "is run, and not tunnelled",
    };
    enum reach reach = look_at(&look, command, library);

    printf("%s%s %s", begin, command[0],
           allow->strict && decide(allow, reach) == ALLOWED_SUPERVISED
               ? "is tunnelled by a supervisor, in a network of its own"
               : ways[decide(allow, reach)]);
    if (reach_misses(reach))
        printf(": %s %s", deciding_file(&look, command), reach_reason(reach));
    printf("\n");
}

bool allow_unsupervised(char **command, const struct allow *allow, const char *wrong)
{
    if (allow->strict) {
        usage_complain("--strict cannot be kept: %s; --strict=filter promises less, and needs none of it",
                       wrong);
        return false;
    }
    if (!allow->force)
        usage_complain("%s: it cannot be supervised: %s; --force runs it nevertheless", command[0], wrong);
    else if (!allow->quiet)
        usage_complain("%s: it cannot be supervised: %s: run nevertheless, as --force says", command[0],
                       wrong);
    return allow->force;
}
