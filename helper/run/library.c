#include "library.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char file_name[] = "libptunnel.so";

/* The directory of this program, with its last slash; "" if it cannot be told. */
static void own_directory(char *out, size_t size)
{
    ssize_t used = readlink("/proc/self/exe", out, size);
    const char *slash;

    out[used > 0 && (size_t)used < size ? used : 0] = '\0';
    slash = strrchr(out, '/');
    out[slash ? slash - out + 1 : 0] = '\0';
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* A library outside our own directory must have the owner of this program: next to /tmp/bin anybody can make
 * a /tmp/lib. */
static bool has_our_owner(const char *path)
{
    struct stat ours, file;

    return stat("/proc/self/exe", &ours) == 0 && stat(path, &file) == 0 && ours.st_uid == file.st_uid;
}

void library_find(char *path, size_t size)
{
    static const char bin[] = "/bin/";
    char directory[4096];
    size_t prefix;

    own_directory(directory, sizeof directory);
    snprintf(path, size, "%s%s", directory, file_name);
    if (directory[0] && is_there(path))
        return;
    prefix = strlen(directory) > strlen(bin) ? strlen(directory) - strlen(bin) : 0;
    snprintf(path, size, "%.*s/lib/%s", (int)prefix, directory, file_name);
    if (prefix && strcmp(directory + prefix, bin) == 0 && has_our_owner(path))
        return;
    snprintf(path, size, "%s/%s", PTUNNEL_LIBDIR, file_name);
}
