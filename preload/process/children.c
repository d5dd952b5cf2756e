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
#include <sys/stat.h>
#include <unistd.h>

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

    return reach_look(&room->seen, &command, real_net());
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

/* --- by a supervisor --- */

enum { WORDS_BEFORE = 4 }; /* see helper/run/child.h */

static size_t count(char *const *words)
{
    size_t number = 0;

    while (words && words[number])
        number++;
    return number;
}

/* A descriptor that is closed on exec is gone when ptunnel-run starts what it is: then the path under which that was opened,
 * if that is still the same file. NULL: there is none. */
static const char *lasting_path(const struct child *child, struct room *room)
{
    const char *path = path_of(child, room);
    size_t size = child->file[0] ? strlen(child->file) + 1 : 0, own = strlen(path) - size;
    struct stat by_number, by_path;
    ssize_t got;

    if (path == child->file || !(real()->fcntl(child->directory, F_GETFD) & FD_CLOEXEC))
        return path;
    room->path[own] = '\0';
    got = readlink(room->path, room->seen.text, sizeof room->seen.text - 1);
    if (got < 0 || (size_t)got + size >= sizeof room->path)
        return NULL;
    room->seen.text[got] = '\0';
    if (fstat(child->directory, &by_number) < 0 || stat(room->seen.text, &by_path) < 0 ||
        by_number.st_ino != by_path.st_ino || by_number.st_dev != by_path.st_dev)
        return NULL;
    memcpy(room->path, room->seen.text, (size_t)got + 1);
    if (size > 0) {
        room->path[got] = '/';
        memcpy(room->path + got + 1, child->file, size);
    }
    return room->path;
}

static bool is_ptunnel_run(struct room *room)
{
    static const char name[] = "/ptunnel-run";
    char *path = room->seen.text; /* what was looked at is known by now */
    ssize_t size = readlink("/proc/self/exe", path, sizeof room->seen.text), end = sizeof name - 1;

    return size >= end && memcmp(path + size - end, name, (size_t)end) == 0;
}

/* Where the library comes by /etc/ld.so.preload it would be in ptunnel-run, too. */
static bool is_supervised(const struct child *child, struct room *room)
{
    const char *run = environment_variable("PTUNNEL_RUN");

    return run && run[0] == '/' && !child->is_fixed && reach_can_be_supervised(room->seen.reach) &&
           environment_library() && !guest_refuses_children() && !is_ptunnel_run(room);
}

/* A search along PATH is that of this program, whatever its child's environment says. */
static void put_between(struct child *child, const char *file, const char **words)
{
    const char *path = child->search ? getenv("PATH") : NULL;
    size_t own = count(child->argv);

    words[0] = "ptunnel-run";
    words[1] = "--child";
    words[2] = !child->search ? "" : path ? path : "/bin:/usr/bin";
    words[3] = file;
    words[4] = "";
    memcpy(words + WORDS_BEFORE, child->argv, own * sizeof *words);
    words[WORDS_BEFORE + (own ? own : 1)] = NULL;
    child->file = environment_variable("PTUNNEL_RUN");
    child->argv = (char *const *)words;
    child->directory = AT_FDCWD;
    child->is_between = true;
}

/* A nested ptunnel-run has seen to it already, and has spoken, but what must not be started must not be. */
static bool is_seen_to(struct room *room)
{
    return reach_can_be_supervised(room->seen.reach) && is_ptunnel_run(room) && !guest_refuses_children();
}

static int prepare(struct child *child)
{
    size_t size = (environment_size(child->envp) + sizeof(void *) - 1) / sizeof(void *);
    size_t words = WORDS_BEFORE + count(child->argv) + 2;
    struct room *room = child->room = room_take(sizeof *room + (size + words) * sizeof(void *));
    bool emptied = environment_library() && environment_emptied(child->envp);
    const char *file;
    enum reach reach;
    int result = 0;

    if (!room)
        return -ENOMEM;
    reach = look(child, room);
    file = emptied || !is_supervised(child, room) ? NULL : lasting_path(child, room);
    if (file)
        put_between(child, file, (const char **)room->environment + size);
    else if (!is_seen_to(room))
        result = report_missed(reach, emptied, room);
    if (result == 0 && child->is_between)
        child->envp = environment_set_aside(room->environment, child->envp, &room->seen);
    else if (result == 0)
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
