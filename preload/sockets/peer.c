#include "peer.h"

#include "../real.h"
#include "../process/guest.h"
#include "fd_map.h"
#include "handed.h"
#include "original.h"
#include "socket.h"

#include <ptunnel/endpoint.h>

#include <string.h>

FD_MAP(peers, struct peer, 1024);

_Atomic int peers_used;
_Atomic bool peer_may_come = true;
static _Atomic bool looked; /* handed_any() was asked since tunnels of another process may last have come */

static _Atomic unsigned char ports[(UINT16_MAX + 1) / 8]; /* a bit for each that a proxy of a record has */

static bool is_proxys(uint16_t port)
{
    return atomic_load_explicit(&ports[port / 8], memory_order_relaxed) >> port % 8 & 1;
}

void peer_set(int fd, const struct peer *peer)
{
    struct peer *record = fd_map_at(&peers, fd, true);

    if (!record)
        return; /* getpeername will tell the proxy: better than no connection */
    if (!is_proxys(peer->proxy.port))
        atomic_fetch_or(&ports[peer->proxy.port / 8], (unsigned char)(1 << peer->proxy.port % 8));
    if (record->target.port == 0)
        atomic_fetch_add(&peers_used, 1);
    *record = *peer;
}

void peer_forget(int fd)
{
    struct peer *record = fd_map_at(&peers, fd, false);

    if (!record)
        return;
    record->cookie = 0;
    if (record->target.port == 0)
        return;
    record->target.port = 0;
    atomic_fetch_sub(&peers_used, 1);
}

void peer_copy(int from, int to)
{
    struct peer *record = fd_map_at(&peers, from, false);

    if (record && record->target.port != 0)
        peer_set(to, record);
    else
        peer_forget(to);
}

bool peer_known(int fd)
{
    struct peer *record = fd_map_at(&peers, fd, false);

    return record && record->target.port != 0;
}

bool peer_take_zero(int fd)
{
    struct peer *record = fd_map_at(&peers, fd, false);
    bool zero_due = record && record->target.port != 0 && record->zero_due;

    if (zero_due)
        record->zero_due = false;
    return zero_due;
}

static bool is_at(const struct peer *record, const struct sockaddr *now, socklen_t size)
{
    struct endpoint at;

    return endpoint_from_sockaddr(&at, now, size) && at.port == record->proxy.port &&
           memcmp(&at.address, &record->proxy.ip, sizeof at.address) == 0;
}

bool peer_get(int fd, struct peer *out)
{
    struct peer *record = fd_map_at(&peers, fd, false);
    struct sockaddr_storage address;
    socklen_t size = sizeof address;

    if (!record || record->target.port == 0)
        return false;
    *out = *record;
    return real()->getpeername(fd, (struct sockaddr *)&address, &size) == 0 &&
           is_at(out, (struct sockaddr *)&address, size);
}

/* Whether it is the port of a proxy of the configuration, by which a tunnel may have come from another
 * process. None came if nobody has written any down. */
static bool is_configured(uint16_t port)
{
    const struct config *config;

    if (!atomic_exchange(&looked, true) && !handed_any()) {
        atomic_store(&peer_may_come, false);
        return false;
    }
    config = guest_may_act() ? guest_config() : NULL;
    return config && config_is_proxy_port(config, port);
}

bool peer_is_suspect(const struct sockaddr *now, socklen_t size)
{
    in_port_t port;

    if (size < (socklen_t)(offsetof(struct sockaddr_in, sin_port) + sizeof port))
        return true; /* the program's room was too small for a port */
    if (socket_address_family(now) != AF_INET && socket_address_family(now) != AF_INET6)
        return false;
    /* At the same place in addresses of both families. */
    memcpy(&port, (const char *)now + offsetof(struct sockaddr_in, sin_port), sizeof port);
    port = ntohs(port);
    return is_proxys(port) || (atomic_load(&peer_may_come) && is_configured(port));
}

/* Another descriptor of this process whose record is of the socket with this SO_COOKIE; -1: none. `asking`:
 * sockets whose record has no SO_COOKIE yet are asked for theirs, a system call each. */
static int duplicate_of(uint64_t cookie, bool asking)
{
    for (int fd = fd_map_next(&peers, 0); fd < FD_MAP_NUMBERS; fd = fd_map_next(&peers, fd + 1)) {
        const struct peer *record = fd_map_at(&peers, fd, false);

        if (record->target.port != 0 &&
            (record->cookie == cookie || (asking && record->cookie == 0 && socket_cookie(fd) == cookie)))
            return fd;
    }
    return -1;
}

static void adopt(int fd, uint64_t cookie)
{
    struct peer handed;
    int other;

    peer_forget(fd);
    other = duplicate_of(cookie, false);
    if (other < 0 && atomic_load(&peer_may_come) && handed_find(cookie, &handed)) {
        peer_set(fd, &handed);
        return;
    }
    if (other < 0)
        other = duplicate_of(cookie, true);
    if (other >= 0) {
        peer_copy(other, fd);
        original_copy(other, fd);
    }
}

bool peer_find(int fd, const struct sockaddr *now, socklen_t size, struct peer *out)
{
    uint64_t cookie = socket_cookie(fd);
    struct peer *record = fd_map_at(&peers, fd, true);

    if (!record || cookie == 0)
        return false;
    if (record->target.port != 0 && record->cookie == 0 && is_at(record, now, size))
        record->cookie = cookie;
    if (record->cookie != cookie) {
        adopt(fd, cookie);
        record->cookie = cookie;
    }
    *out = *record;
    return out->target.port != 0 && is_at(out, now, size);
}

void peer_received(int fd)
{
    peer_forget(fd);
    atomic_store(&looked, false);
    atomic_store(&peer_may_come, true);
}

static bool is_open_tunnel(const struct peer *record, int fd)
{
    struct peer open;

    return record && record->target.port != 0 && !record->handed && peer_get(fd, &open);
}

static void write_down(struct peer *record, int fd, const struct private_file *file)
{
    uint64_t cookie = socket_cookie(fd);

    if (cookie == 0 || (record->cookie != 0 && record->cookie != cookie))
        return;
    handed_put(file, cookie, record);
    record->cookie = cookie;
    record->handed = true;
}

void peer_hand_over(int fd)
{
    KEEP_ERRNO;
    struct peer *record = fd_map_at(&peers, fd, false);
    struct private_file file;

    if (is_open_tunnel(record, fd) && handed_begin(&file)) {
        write_down(record, fd, &file);
        handed_end(&file);
    }
}

void peer_hand_over_to_child(bool all)
{
    KEEP_ERRNO;
    struct private_file file;
    bool begun = false, usable = true;

    for (int fd = fd_map_next(&peers, 0); usable && fd < FD_MAP_NUMBERS; fd = fd_map_next(&peers, fd + 1)) {
        struct peer *record = fd_map_at(&peers, fd, false);

        if (!record->target.port || record->handed || !(all || socket_survives_exec(fd)) ||
            !is_open_tunnel(record, fd))
            continue;
        usable = begun || handed_begin(&file);
        begun = usable;
        if (usable)
            write_down(record, fd, &file);
    }
    if (begun)
        handed_end(&file);
}

bool peer_zero_is_due(int fd)
{
    struct peer *record = fd_map_at(&peers, fd, false), open;

    return record && record->target.port != 0 && (record->kernel_zero_due || record->zero_due) &&
           peer_get(fd, &open);
}
