#include "duplicates.h"

#include "../real.h"
#include "sockets.h"
#include "watch.h"

enum { KNOWN = 65536 };

/* By number: the SO_COOKIE of a socket that has, or had, duplicates; 0: none. Believed while the kernel says
 * the same. */
static _Atomic uint64_t cookies[KNOWN];
static _Atomic int highest;

static bool is_tcp(int fd)
{
    int domain = 0, type = 0;
    socklen_t size = sizeof domain, type_size = sizeof type;

    return real()->getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
           (domain == AF_INET || domain == AF_INET6) &&
           real()->getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM;
}

static void note(int fd, uint64_t cookie)
{
    int before = atomic_load(&highest);

    if (fd >= KNOWN)
        return;
    atomic_store(&cookies[fd], cookie);
    while (fd > before && !atomic_compare_exchange_weak(&highest, &before, fd))
        ;
}

void duplicates_note(int from, int to)
{
    uint64_t cookie;
    int saved = errno;

    if (is_tcp(from) && (cookie = socket_cookie(from)) != 0) {
        note(from, cookie);
        note(to, cookie);
    }
    errno = saved;
}

void duplicates_move(int fd, uint64_t cookie)
{
    if (fd < KNOWN && atomic_load_explicit(&cookies[fd], memory_order_relaxed) != 0)
        note(fd, cookie);
}

void duplicates_each(int fd, void (*visit)(int fd, void *data), void *data)
{
    uint64_t cookie = fd < KNOWN ? atomic_load_explicit(&cookies[fd], memory_order_relaxed) : 0;

    if (cookie != 0 && socket_cookie(fd) == cookie)
        for (int other = 0; other <= atomic_load(&highest); other++)
            if (other != fd && atomic_load_explicit(&cookies[other], memory_order_relaxed) == cookie &&
                socket_cookie(other) == cookie)
                visit(other, data);
    visit(fd, data);
}

static void share_with(int fd, void *data)
{
    struct entry *entry = data;

    if (table_find(fd) == entry)
        return;
    table_share(fd, entry);
    if (watch_substitute(fd, entry, DIAL_WANT_WRITE))
        atomic_store(&entry->waited, true);
}

void duplicates_share(int fd, struct entry *entry)
{
    duplicates_each(fd, share_with, entry);
}
