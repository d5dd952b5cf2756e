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

static void report(const struct reach_look *look)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_add_foreign(&line, look->file, strlen(look->file), 200);
    text_add(&line, " ");
    text_add(&line, reach_reason(look->reach));
    text_add(&line, ": its connections do not go through the proxy");
    log_failure(hash_of(look->file), &line);
}

/* In a function of its own: what it looks at takes a good deal of stack, which exec's own frame need not keep. */
static __attribute__((noinline)) void look(const char *file, char *const *argv, bool search)
{
    struct reach_command command = { .file = file, .argv = argv, .path = search ? getenv("PATH") : NULL, .search = search };
    struct reach_look seen;

    if (reach_misses(reach_look(&seen, &command, &real_net)))
        report(&seen);
}

void children_before_start(const char *file, char *const *argv, char *const *envp, bool search)
{
    int saved = errno;

    descriptors_before_exec();
    if (guest_may_act() && file && log_wants(LOG_FAILURE) && environment_preloads(envp))
        look(file, argv, search);
    errno = saved;
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
