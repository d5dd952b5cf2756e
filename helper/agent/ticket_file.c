#include "ticket_file.h"

#include <string.h>
#include <sys/stat.h>

static bool look(struct ticket_file *out)
{
    struct stat now;

    if (stat(out->path, &now) < 0)
        return false;
    out->device = now.st_dev;
    out->inode = now.st_ino;
    out->size = now.st_size;
    out->seconds = now.st_mtim.tv_sec;
    out->nanoseconds = now.st_mtim.tv_nsec;
    return true;
}

/* A name without a kind is a file's. */
static const char *path_in(const char *ccache)
{
    if (strncmp(ccache, "FILE:", 5) == 0)
        return ccache + 5;
    return strchr(ccache, ':') ? "" : ccache;
}

void ticket_file_look(struct ticket_file *out, const char *ccache)
{
    const char *path = path_in(ccache);

    memset(out, 0, sizeof *out);
    if (strlen(path) < sizeof out->path)
        strcpy(out->path, path);
    if (!out->path[0] || !look(out))
        out->path[0] = '\0';
}

bool ticket_file_is_same(const struct ticket_file *before)
{
    struct ticket_file now = *before;

    return before->path[0] && look(&now) && now.device == before->device && now.inode == before->inode &&
           now.size == before->size && now.seconds == before->seconds &&
           now.nanoseconds == before->nanoseconds;
}
