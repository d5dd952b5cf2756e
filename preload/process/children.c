#include "children.h"

#include "../real.h"
#include "environment.h"
#include "guest.h"
#include "own.h"
#include "readable.h"
#include "room.h"

#include <ptunnel/log.h>
#include <ptunnel/hash.h>
#include <ptunnel/reach.h>
#include <ptunnel/slots.h>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void report(const char *file, const char *reason, const char *so)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_add_foreign(&line, file, strlen(file), 200);
    text_print(&line, " %s: %s", reason, so);
    log_failure(hash_bytes(file, strlen(file)), &line);
}

/* What is looked at takes a good deal of room, and threads and signal handlers may have a small stack. */
struct room {
    struct reach_look seen;
    char path[PATH_MAX + 32];
    void *environment[]; /* aligned for pointers */
};

/* execveat(2)'s directory and file as one path, through /proc/self/fd. */
static const char *path_of(const struct child *child, struct room *room)
{
    struct text whole = text_in(room->path, sizeof room->path);

    if (child->file[0] == '/' || child->directory == AT_FDCWD)
        return child->file;
    text_print(&whole, "/proc/self/fd/%u%s%s", (unsigned)child->directory, child->file[0] ? "/" : "",
               child->file);
    return room->path;
}

/* Whether the child can open the library. One of /etc/ld.so.preload is the loader's to find. */
static bool library_is_there(const struct room *room)
{
    int fd;

    if (!environment_library())
        return true;
    fd = open(room->seen.library, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        real()->close(fd);
    return fd >= 0;
}

/* Why the child will run without the library, as words behind its name; NULL: it will have it. */
static const char *missed(enum reach reach, bool emptied, const struct room *room)
{
    if (reach == REACH_NOTHING)
        return NULL;
    if (emptied)
        return "is started with an empty LD_PRELOAD";
    if (reach_misses(reach))
        return reach_reason(reach);
    if (!library_is_there(room))
        return "is started where libptunnel.so cannot be read (another root directory, another user)";
    return NULL;
}

static enum reach look(const struct child *child, struct room *room)
{
    static char *const no_words[] = { NULL };
    struct reach_command command = { .file = path_of(child, room),
                                     .argv = child->argv ? child->argv : no_words,
                                     .path = child->search ? getenv("PATH") : NULL,
                                     .search = child->search,
                                     .library = environment_library() };

    return reach_look(&room->seen, &command, &real_net);
}

static int report_missed(enum reach reach, bool emptied, const struct room *room)
{
    const char *reason = missed(reach, emptied, room);
    bool refused;

    if (!reason)
        return 0;
    refused = guest_refuses_children();
    /* An empty LD_PRELOAD is somebody's decision, where children may leave the tunnel. */
    if (refused)
        report(room->seen.file, reason, "it is not started, as 'children refuse' says");
    else if (!emptied && reach_hands_on(reach))
        report(room->seen.file, reason,
               "its own connections do not go through the proxy, those of what it starts do");
    else if (!emptied)
        report(room->seen.file, reason, "its connections do not go through the proxy");
    return refused ? -EACCES : 0;
}

static int prepare(struct child *child)
{
    size_t size = environment_size(child->envp);
    struct room *room = child->room = room_take(sizeof *room + size);
    enum reach reach;
    int result;

    if (!room)
        return -ENOMEM;
    reach = look(child, room);
    result = report_missed(reach, environment_library() && environment_emptied(child->envp), room);
    if (result == 0)
        child->envp = environment_complete(room->environment, child->envp, &room->seen);
    return result;
}

static bool is_readable(const struct child *child)
{
    return child->file && readable(child->file, 1) &&
           (!child->argv || readable(child->argv, sizeof *child->argv)) && environment_readable(child->envp);
}

int children_before_start(struct child *child)
{
    KEEP_ERRNO;
    int before = cancel_hold(), result = 0;

    if (guest_may_act() && is_readable(child))
        result = prepare(child);
    if (result < 0)
        children_end(child);
    cancel_release(before);
    return result;
}

void children_end(struct child *child)
{
    KEEP_ERRNO;

    room_give_back(child->room);
    child->room = NULL;
}
