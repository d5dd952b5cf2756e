#include "looks.h"
#include "folder.h"
#include "rows.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const struct net look_net = { .close = close };

enum reach look_as(const char *file, char *const *argv, bool search, char *found)
{
    struct reach_look look;
    struct reach_command command = { .file = file, .argv = argv, .path = folder, .search = search };
    enum reach reach;

    errno = EXDEV;
    reach = reach_look(&look, &command, &look_net);
    assert_int_equal(errno, EXDEV);
    assert_int_equal(reach, look.reach);
    if (found)
        strcpy(found, look.file);
    return reach;
}

enum reach look_at(const char *name)
{
    char *path = folder_path(name);
    char *argv[] = { path, NULL };

    return look_as(path, argv, false, NULL);
}
