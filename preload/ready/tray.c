#include "tray.h"

#include "../sockets/owner.h"

#include <sys/mman.h>

enum { PLACES = 16 }; /* more than that at a time are not remembered */

static struct place {
    owner_word owner; /* the thread that waits */
    void *memory;
    size_t size;
} places[PLACES];

static void *mapped(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

/* What a thread that is no more, or was not copied by fork(2), had there goes. */
static void clear(struct place *place)
{
    if (place->memory)
        munmap(place->memory, place->size);
    place->memory = NULL;
}

void *tray_take(size_t size)
{
    for (int i = 0; i < PLACES; i++)
        if (owner_try(&places[i].owner, OWNER_OF_PROCESS)) {
            clear(&places[i]);
            places[i].size = size;
            places[i].memory = mapped(size);
            if (!places[i].memory)
                owner_leave(&places[i].owner);
            return places[i].memory;
        }
    return mapped(size);
}

void tray_give(void *memory, size_t size)
{
    for (int i = 0; i < PLACES; i++)
        if (owner_is_me(&places[i].owner, OWNER_OF_PROCESS) && places[i].memory == memory) {
            clear(&places[i]);
            owner_leave(&places[i].owner);
            return;
        }
    munmap(memory, size);
}
