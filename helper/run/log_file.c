#include "log_file.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEPT_MOST = 1024 * 1024 };

/* Under a lock on the file, and only while it still has its name: of two that start at once the second one must not move the
 * new log over the old one. Without room for the longer name it stays as it is, and grows. */
static void move_away(int fd, const char *path)
{
    char old[PATH_MAX];
    struct stat file, named;

    if (fstat(fd, &file) < 0 || !S_ISREG(file.st_mode) || file.st_size <= KEPT_MOST)
        return;
    if (snprintf(old, sizeof old, "%s.1", path) >= (int)sizeof old || flock(fd, LOCK_EX) < 0)
        return;
    if (lstat(path, &named) == 0 && named.st_dev == file.st_dev && named.st_ino == file.st_ino)
        rename(path, old);
}

static void turn_over(const char *path)
{
    const char *wrong;
    int fd = log_open_file(path, &wrong);

    if (fd >= 0 && !wrong)
        move_away(fd, path);
    if (fd >= 0)
        close(fd);
}

static const char *whole_path(const char *path)
{
    char here[PATH_MAX];
    char *whole = NULL;

    if (path[0] == '/')
        return path;
    if (getcwd(here, sizeof here) && asprintf(&whole, "%s/%s", here, path) >= 0)
        return whole;
    usage_complain("--log '%s': %s", path, strerror(errno));
    return NULL;
}

bool log_file_find(const struct shared_options *options, const char *variable, const char **path)
{
    const char *named = options->log ? options->log : variable;

    *path = NULL;
    if (!named || (!options->log && !named[0]))
        return true;
    if (!shared_options_log_writable(options->log ? "--log" : "PTUNNEL_LOG", named))
        return false;
    turn_over(named);
    return (*path = whole_path(named)) != NULL;
}
