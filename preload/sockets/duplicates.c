#include "duplicates.h"

#include "../real.h"
#include "socket.h"
#include "substitute.h"

enum { KNOWN = 65536 };

/* A bit for each number that dup(2) has read or made, until its socket turns out to have no duplicate. */
static _Atomic unsigned char marks[KNOWN / 8];
static _Atomic int highest;

static bool is_marked(int fd)
{
    return fd >= 0 && fd < KNOWN &&
           (atomic_load_explicit(&marks[fd / 8], memory_order_relaxed) >> fd % 8 & 1);
}

static void mark(int fd)
{
    int before = atomic_load(&highest);

    if (fd < 0 || fd >= KNOWN || is_marked(fd))
        return;
    atomic_fetch_or(&marks[fd / 8], (unsigned char)(1 << fd % 8));
    while (fd > before && !atomic_compare_exchange_weak(&highest, &before, fd))
        ;
}

void duplicates_note(int from, int to)
{
    mark(from);
    mark(to);
}

void duplicates_each(int fd, void (*visit)(int fd, void *data), void *data)
{
    uint64_t cookie = is_marked(fd) ? socket_cookie(fd) : 0;
    bool found = false;

    for (int other = 0; cookie != 0 && other <= atomic_load(&highest); other++)
        if (other != fd && is_marked(other) && socket_cookie(other) == cookie) {
            found = true;
            visit(other, data);
        }
    if (cookie != 0 && !found)
        atomic_fetch_and(&marks[fd / 8], (unsigned char)~(1 << fd % 8));
    visit(fd, data);
}

static void share_with(int fd, void *data)
{
    struct entry *entry = data;

    if (slot_find(fd) == entry)
        return;
    slot_share(fd, entry);
    substitute_put(fd, entry, DIAL_WANT_WRITE);
}

void duplicates_share(int fd, struct entry *entry)
{
    duplicates_each(fd, share_with, entry);
}
