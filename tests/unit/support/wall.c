#include "wall.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char *build(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *room = mmap(NULL, WALL_ROOM + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (room == MAP_FAILED || mprotect(room + WALL_ROOM, page, PROT_NONE) < 0)
        abort();
    return room + WALL_ROOM;
}

char *against_wall(unsigned number, const char *bytes, size_t size)
{
    static char *walls[2];

    if (size > WALL_ROOM)
        abort();
    if (!walls[number])
        walls[number] = build();
    if (size)
        memcpy(walls[number] - size, bytes, size);
    return walls[number] - size;
}
