#include "finder.h"
#include "rule_file.h"

#include "../common/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool rule_file_path(const char *given, char *out)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = finder_home();
    int size = -1;

    if (given && given[0])
        size = snprintf(out, PATH_MAX, "%s", given);
    else if (config && config[0] == '/')
        size = snprintf(out, PATH_MAX, "%s/ptunnel/rules", config);
    else if (home)
        size = snprintf(out, PATH_MAX, "%s/.config/ptunnel/rules", home);
    if (size < 0 || size >= PATH_MAX)
        usage_complain("--setup: no place for a rule file is known: set HOME, or give -r FILE");
    return size >= 0 && size < PATH_MAX;
}

bool rule_file_old_path(const char *path, char *out)
{
    for (int number = 1; number < 1000; number++) {
        int size = number == 1 ? snprintf(out, PATH_MAX, "%s.old", path)
                               : snprintf(out, PATH_MAX, "%s.old.%d", path, number);

        if (size >= PATH_MAX)
            return false;
        if (access(out, F_OK) < 0 && errno == ENOENT)
            return true;
    }
    return false;
}

static void make_folders(const char *path)
{
    char folder[PATH_MAX];

    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder, 0700); /* what cannot be made is told when the file is */
        *slash = '/';
    }
}

static bool write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, text, size);

        if (done <= 0)
            return false;
        text += done;
        size -= (size_t)done;
    }
    return fsync(fd) == 0;
}

/* link(2) takes nobody's place, as rename(2) would. */
static bool put_in_place(const char *fresh, const char *path, const char *old)
{
    if (!old)
        return link(fresh, path) == 0 && unlink(fresh) == 0;
    return link(path, old) == 0 && rename(fresh, path) == 0;
}

bool rule_file_write(const char *path, const char *old, const char *text, size_t size)
{
    char fresh[PATH_MAX];
    bool written = false;
    int fd;

    make_folders(path);
    if (snprintf(fresh, sizeof fresh, "%s.XXXXXX", path) >= (int)sizeof fresh)
        errno = ENAMETOOLONG;
    else if ((fd = mkostemp(fresh, O_CLOEXEC)) >= 0) { /* mode 600 */
        written = write_all(fd, text, size);
        close(fd);
        written = written && put_in_place(fresh, path, old);
        if (!written) {
            int error = errno;

            unlink(fresh);
            errno = error;
        }
    }
    if (!written)
        usage_complain("%s: %s", path, strerror(errno));
    return written;
}
