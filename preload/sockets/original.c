#include "original.h"

#include "fd_map.h"
#include "socket.h"
#include "whole.h"

_Atomic bool original_ever;

/* By descriptor: what is believed while the kernel says that it still is the socket which was put there. */
struct record {
    uint64_t cookie; /* SO_COOKIE of that socket; 0: no record */
    struct original original;
};

struct spot WHOLE(struct record);
FD_MAP(records, struct spot, 256);

static bool read_record(int fd, struct record *out)
{
    const struct spot *spot = fd_map_at(&records, fd, false);

    return spot && whole_read(&spot->turn, spot->words, out, sizeof *out) && out->cookie != 0;
}

bool original_of(int fd, struct original *out)
{
    struct record record;

    if (!original_any() || !read_record(fd, &record) || record.cookie != socket_cookie(fd))
        return false;
    *out = record.original;
    return true;
}

void original_remember(int fd, uint64_t cookie, const struct original *original)
{
    struct spot *spot = fd_map_at(&records, fd, original != NULL);
    struct record before, now = { 0 };

    if (!spot)
        return;
    if (original) {
        now.cookie = cookie;
        now.original = *original;
    }
    whole_begin(&spot->turn, spot->words, &before, sizeof before);
    whole_end(&spot->turn, spot->words, &now, sizeof now);
}

void original_copy(int from, int to)
{
    struct record record;

    if (read_record(from, &record))
        original_remember(to, record.cookie, &record.original);
}
