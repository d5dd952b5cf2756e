#include "original.h"

#include "fd_map.h"
#include "socket.h"

_Atomic bool original_ever;

/* By descriptor: what is believed while the kernel says that it still is the socket which was put there. */
struct record {
    _Atomic uint64_t cookie; /* SO_COOKIE of that socket; 0: no record */
    struct original original;
};

FD_MAP(records, struct record, 256);

bool original_of(int fd, struct original *out)
{
    const struct record *record = original_any() ? fd_map_at(&records, fd, false) : NULL;

    if (!record || record->cookie == 0 || record->cookie != socket_cookie(fd))
        return false;
    *out = record->original;
    return true;
}

void original_remember(int fd, uint64_t cookie, const struct original *original)
{
    struct record *record = fd_map_at(&records, fd, original != NULL);

    if (!record)
        return;
    atomic_store(&record->cookie, 0);
    if (original)
        record->original = *original;
    atomic_store(&record->cookie, original ? cookie : 0);
}

void original_copy(int from, int to)
{
    const struct record *record = fd_map_at(&records, from, false);

    if (record && record->cookie != 0)
        original_remember(to, record->cookie, &record->original);
}
