#include "children.h"

#include "../real.h"
#include "own.h"
#include "guest.h"
#include "readable.h"

#include <ptunnel/log.h>
#include <ptunnel/hash.h>
#include <ptunnel/reach.h>
#include <ptunnel/slots.h>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void report(const char *file, const char *reason, bool refused)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_add_foreign(&line, file, strlen(file), 200);
    text_print(&line, " %s: %s", reason,
               refused ? "it is not started, as 'children refuse' says"
                       : "its connections do not go through the proxy");
    log_failure(hash_bytes(file, strlen(file)), &line);
}

/* What is looked at takes a good deal of room, and threads and signal handlers may have a small stack. It is
 * given back before exec, for in a child of vfork(2) it is the parent's. */
struct room {
    struct reach_look seen;
    char path[PATH_MAX + 32];
};

/* A path for what execveat(2) means. */
static const char *path_of(const struct child *child, struct room *room)
{
    struct text whole = text_in(room->path, sizeof room->path);

    if (child->file[0] == '/' || child->directory == AT_FDCWD)
        return child->file;
    text_print(&whole, "/proc/self/fd/%u%s%s", (unsigned)child->directory, child->file[0] ? "/" : "",
               child->file);
    return room->path;
}

/* NULL: the loader puts the library in front of it; otherwise what it "is". */
static const char *missed(enum reach reach, bool emptied, struct room *room)
{
    if (reach == REACH_NOTHING)
        return NULL;
    if (emptied)
        return "is started with an empty LD_PRELOAD";
    if (reach_misses(reach))
        return reach_reason(reach);
    if (!environment_library_is_there(room->path, sizeof room->path))
        return "is started where libptunnel.so cannot be read (another root directory, another user)";
    return NULL;
}

static int judge(const struct child *child, struct room *room, bool emptied)
{
    static char *const no_words[] = { NULL };
    struct reach_command command = { .file = path_of(child, room),
                                     .argv = child->argv ? child->argv : no_words,
                                     .path = child->search ? getenv("PATH") : NULL,
                                     .search = child->search };
    enum reach reach = reach_look(&room->seen, &command, &real_net);
    const char *reason = missed(reach, emptied, room);
    bool refused;

    if (!reason)
        return 0;
    refused = guest_refuses_children();
    /* An empty LD_PRELOAD is somebody's decision, where children may leave the tunnel. */
    if (!emptied || refused)
        report(room->seen.file, reason, refused);
    return refused ? -EACCES : 0;
}

static int look(const struct child *child)
{
    struct room *room = mmap(NULL, sizeof *room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int result;

    if (room == MAP_FAILED)
        return -ENOMEM;
    result = judge(child, room, !environment_preloads(child->envp));
    munmap(room, sizeof *room);
    return result;
}

bool children_readable(char *const *words)
{
    return !words || readable(words, sizeof *words);
}

int children_before_start(const struct child *child)
{
    int saved = errno, before = cancel_hold(), result = 0;

    if (guest_may_act() && child->file && readable(child->file, 1) && children_readable(child->argv) &&
        children_readable(child->envp))
        result = look(child);
    cancel_release(before);
    errno = saved;
    return result;
}
