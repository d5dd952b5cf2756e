#include "peer.h"

#include "../real.h"
#include "slot.h"
#include "../pending/replace.h"
#include "socket.h"

#include <ptunnel/endpoint.h>

#include <string.h>

enum { PAGE_FDS = 1024, PAGES = 1024 };

struct page {
    struct peer peers[PAGE_FDS];
};

_Atomic int peers_used;

static _Atomic(void *) pages[PAGES];

static struct peer *record_of(int fd, bool create)
{
    struct page *page;

    if (fd < 0 || fd >= PAGES * PAGE_FDS)
        return NULL;
    page = pages_at(&pages[fd / PAGE_FDS], sizeof *page, create);
    return page ? &page->peers[fd % PAGE_FDS] : NULL;
}

void peers_set(int fd, const struct peer *peer)
{
    struct peer *record = record_of(fd, true);

    if (!record)
        return; /* getpeername will tell the proxy: better than no connection */
    if (record->target_port == 0)
        atomic_fetch_add(&peers_used, 1);
    *record = *peer;
}

void peers_forget(int fd)
{
    struct peer *record = record_of(fd, false);

    if (!record || record->target_port == 0)
        return;
    record->target_port = 0;
    atomic_fetch_sub(&peers_used, 1);
}

void peers_copy(int from, int to)
{
    struct peer *record = record_of(from, false);

    if (record && record->target_port != 0)
        peers_set(to, record);
    else
        peers_forget(to);
}

bool peers_known(int fd)
{
    struct peer *record = record_of(fd, false);

    return record && record->target_port != 0;
}

bool peers_pay(int fd)
{
    struct peer *record = record_of(fd, false);
    bool owed = record && record->target_port != 0 && record->owed;

    if (owed)
        record->owed = false;
    return owed;
}

bool peers_get(int fd, struct peer *out)
{
    struct peer *record = record_of(fd, false);
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    struct endpoint now;

    if (!record || record->target_port == 0)
        return false;
    *out = *record;
    return real()->getpeername(fd, (struct sockaddr *)&address, &size) == 0 &&
           endpoint_from_sockaddr(&now, (struct sockaddr *)&address, size) && now.port == out->proxy_port &&
           memcmp(&now.address, &out->proxy, sizeof now.address) == 0;
}

bool peers_adopt(int fd, struct peer *out)
{
    uint64_t cookie = socket_cookie(fd);

    for (int other = 0; cookie != 0 && other < PAGES * PAGE_FDS; other++) {
        if (other % PAGE_FDS == 0 && !atomic_load_explicit(&pages[other / PAGE_FDS], memory_order_acquire))
            other += PAGE_FDS - 1;
        else if (peers_known(other) && socket_cookie(other) == cookie) {
            peers_copy(other, fd);
            replace_copy(other, fd);
            return peers_get(fd, out);
        }
    }
    return false;
}

bool peers_unsettled(int fd)
{
    struct peer *record = record_of(fd, false), open;

    return record && record->target_port != 0 && (record->unasked || record->owed) && peers_get(fd, &open);
}
