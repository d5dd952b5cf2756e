#include "users.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENVIRONMENT_MOST = 256 * 1024 };

static bool has(const char *pid, const char *path, char *room)
{
    char name[64];
    size_t size = 0;
    ssize_t got;
    int fd;

    snprintf(name, sizeof name, "/proc/%.20s/environ", pid);
    fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    while (size < ENVIRONMENT_MOST && (got = read(fd, room + size, ENVIRONMENT_MOST - size)) > 0)
        size += (size_t)got;
    close(fd);
    return memmem(room, size, path, strlen(path)) != NULL;
}

bool users_have(const char *path)
{
    char *room = malloc(ENVIRONMENT_MOST);
    DIR *processes = opendir("/proc");
    bool found = !room || !processes; /* nobody knows: rather stay */
    struct dirent *at;

    while (!found && (at = readdir(processes)))
        found = at->d_name[0] >= '1' && at->d_name[0] <= '9' && atoi(at->d_name) != getpid() &&
                has(at->d_name, path, room);
    if (processes)
        closedir(processes);
    free(room);
    return found;
}
