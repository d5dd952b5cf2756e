#include "children.h"

#include "../real.h"
#include "descriptors.h"
#include "guest.h"

#include <ptunnel/log.h>
#include <ptunnel/reach.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const char *words)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (; *words; words++)
        hash = (hash ^ (unsigned char)*words) * UINT64_C(0x100000001b3);
    return hash;
}

static void report(const char *file, const char *reason, bool refused)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_add_foreign(&line, file, strlen(file), 200);
    text_add(&line, " ");
    text_add(&line, reason);
    text_add(&line, refused ? ": it is not started, as 'children refuse' says"
                            : ": its connections do not go through the proxy");
    log_failure(hash_of(file), &line);
}

/* In a function of its own: what it looks at takes a good deal of stack, which exec's own frame need not keep. */
static __attribute__((noinline)) int look(const char *file, char *const *argv, bool search, bool emptied)
{
    struct reach_command command = { .file = file, .argv = argv, .path = search ? getenv("PATH") : NULL, .search = search };
    struct reach_look seen;
    enum reach reach = reach_look(&seen, &command, &real_net);
    bool refused;

    if (reach == REACH_NOTHING || (!reach_misses(reach) && !emptied))
        return 0;
    refused = guest_refuses_children();
    if (!emptied || refused) /* an empty LD_PRELOAD is somebody's decision, where children may leave the tunnel */
        report(seen.file, emptied ? "is started with an empty LD_PRELOAD" : reach_reason(reach), refused);
    return refused ? -EACCES : 0;
}

int children_before_start(const char *file, char *const *argv, char *const *envp, bool search)
{
    int saved = errno, result = 0;

    descriptors_before_exec();
    if (guest_may_act() && file)
        result = look(file, argv, search, !environment_preloads(envp));
    errno = saved;
    return result;
}

void children_descriptor_path(char *out, int directory, const char *path)
{
    struct text whole = text_in(out, CHILDREN_PATH_SIZE);

    if (path[0] != '/' && directory != AT_FDCWD) {
        text_add(&whole, "/proc/self/fd/");
        text_add_number(&whole, (unsigned long)directory);
        text_add(&whole, path[0] ? "/" : "");
    }
    text_add(&whole, path);
}
