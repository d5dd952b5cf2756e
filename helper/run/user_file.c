#include "user_file.h"

#include "../common/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void user_file_make_folders(const char *path)
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
    return (old == path || link(path, old) == 0) && rename(fresh, path) == 0;
}

bool user_file_write(const char *path, const char *old, const char *text, size_t size)
{
    char fresh[PATH_MAX];
    bool written = false;
    int fd;

    user_file_make_folders(path);
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
