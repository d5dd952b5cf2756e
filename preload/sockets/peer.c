#include "peer.h"

#include "../real.h"
#include "fd_map.h"
#include "original.h"
#include "socket.h"

#include <ptunnel/endpoint.h>

#include <string.h>

FD_MAP(peers, struct peer, 1024);

_Atomic int peers_used;

void peer_set(int fd, const struct peer *peer)
{
    struct peer *record = fd_map_at(&peers, fd, true);

    if (!record)
        return; /* getpeername will tell the proxy: better than no connection */
    if (record->target_port == 0)
        atomic_fetch_add(&peers_used, 1);
    *record = *peer;
}

void peer_forget(int fd)
{
    struct peer *record = fd_map_at(&peers, fd, false);

    if (!record || record->target_port == 0)
        return;
    record->target_port = 0;
    atomic_fetch_sub(&peers_used, 1);
}

void peer_copy(int from, int to)
{
    struct peer *record = fd_map_at(&peers, from, false);

    if (record && record->target_port != 0)
        peer_set(to, record);
    else
        peer_forget(to);
}

bool peer_known(int fd)
{
    struct peer *record = fd_map_at(&peers, fd, false);

    return record && record->target_port != 0;
}

bool peer_take_zero(int fd)
{
    struct peer *record = fd_map_at(&peers, fd, false);
    bool zero_due = record && record->target_port != 0 && record->zero_due;

    if (zero_due)
        record->zero_due = false;
    return zero_due;
}

bool peer_get(int fd, struct peer *out)
{
    struct peer *record = fd_map_at(&peers, fd, false);
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

bool peer_adopt(int fd, struct peer *out)
{
    uint64_t cookie = socket_cookie(fd);

    int other = fd_map_next(&peers, 0);

    while (cookie != 0 && other < FD_MAP_NUMBERS && !(peer_known(other) && socket_cookie(other) == cookie))
        other = fd_map_next(&peers, other + 1);
    if (cookie == 0 || other >= FD_MAP_NUMBERS)
        return false;
    peer_copy(other, fd);
    original_copy(other, fd);
    return peer_get(fd, out);
}

bool peer_zero_is_due(int fd)
{
    struct peer *record = fd_map_at(&peers, fd, false), open;

    return record && record->target_port != 0 && (record->kernel_zero_due || record->zero_due) &&
           peer_get(fd, &open);
}
