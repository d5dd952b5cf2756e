#include "folder.h"
#include "rows.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char folder[64];

bool folder_make(void)
{
    const char *temporary = getenv("TMPDIR");

    snprintf(folder, sizeof folder, "%.40s/unit.XXXXXX", temporary ? temporary : "/tmp");
    return mkdtemp(folder);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void folder_remove(void)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

char *folder_path(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *out = paths[next++ % 4];

    snprintf(out, sizeof paths[0], "%s/%s", folder, name);
    return out;
}

char *folder_file(const char *name, const void *bytes, size_t size, mode_t mode)
{
    char *path = folder_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

char *folder_text(const char *name, const char *text)
{
    return folder_file(name, text, strlen(text), 0600);
}
