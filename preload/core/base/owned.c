#include <ptunnel/owned.h>

#include <unistd.h>

const char *owned_wrong(const struct stat *file)
{
    if (!S_ISREG(file->st_mode))
        return "is no regular file: remove it";
    if (file->st_uid != geteuid())
        return "belongs to somebody else: have it removed";
    return file->st_nlink != 1 ? "has a second name (a hard link): remove it" : NULL;
}
