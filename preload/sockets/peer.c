#include "peer.h"

#include "../process/guest.h"
#include "../real.h"
#include "fd_map.h"
#include "handed.h"
#include "original.h"
#include "socket.h"
#include "whole.h"

#include <ptunnel/endpoint.h>

#include <string.h>

struct spot WHOLE(struct peer);
FD_MAP(peers, struct spot, 512);

_Atomic int peers_used;
_Atomic bool peer_may_come = true;
static _Atomic bool looked; /* handed_any() was asked since tunnels of another process may last have come */

static _Atomic unsigned char ports[(UINT16_MAX + 1) / 8]; /* a bit for each that a proxy of a record has */

static bool is_proxys(uint16_t port)
{
    return atomic_load_explicit(&ports[port / 8], memory_order_relaxed) >> port % 8 & 1;
}

static bool read_whole(const struct spot *spot, struct peer *out)
{
    return whole_read(&spot->turn, spot->words, out, sizeof *out);
}

/* The record of a descriptor; false: there is none. */
static bool read_record(int fd, struct peer *out)
{
    const struct spot *spot = fd_map_at(&peers, fd, false);

    return spot && read_whole(spot, out) && out->target.port != 0;
}

/* Its memory, to be written: *now is what stands there. NULL: there is none. */
static struct spot *open_spot(int fd, bool create, struct peer *now)
{
    struct spot *spot = fd_map_at(&peers, fd, create);

    if (spot)
        whole_begin(&spot->turn, spot->words, now, sizeof *now);
    return spot;
}

static void close_spot(struct spot *spot, const struct peer *before, const struct peer *now)
{
    int more = (now->target.port != 0) - (before->target.port != 0);

    whole_end(&spot->turn, spot->words, now, sizeof *now);
    if (more)
        atomic_fetch_add(&peers_used, more);
}

void peer_set(int fd, const struct peer *peer)
{
    struct peer before;
    struct spot *spot = open_spot(fd, true, &before);

    if (!spot)
        return; /* getpeername will tell the proxy: better than no connection */
    if (!peer->direct && !is_proxys(peer->proxy.port))
        atomic_fetch_or(&ports[peer->proxy.port / 8], (unsigned char)(1 << peer->proxy.port % 8));
    close_spot(spot, &before, peer);
}

void peer_forget(int fd)
{
    struct peer before;
    struct spot *spot = fd_map_at(&peers, fd, false);

    if (!spot || (read_whole(spot, &before) && before.target.port == 0 && before.cookie == 0))
        return;
    spot = open_spot(fd, false, &before);
    close_spot(spot, &before, &(struct peer){ 0 });
}

void peer_copy(int from, int to)
{
    struct peer record;

    if (read_record(from, &record))
        peer_set(to, &record);
    else
        peer_forget(to);
}

bool peer_known(int fd)
{
    struct peer record;

    return read_record(fd, &record);
}

bool peer_take_zero(int fd)
{
    struct peer before, now;
    struct spot *spot = peer_known(fd) ? open_spot(fd, false, &before) : NULL;
    bool taken;

    if (!spot)
        return false;
    now = before;
    taken = before.target.port != 0 && before.zero_due;
    now.zero_due = false;
    close_spot(spot, &before, &now);
    return taken;
}

static bool is_at(const struct peer *record, const struct sockaddr *now, socklen_t size)
{
    struct endpoint at;

    return endpoint_from_sockaddr(&at, now, size) && at.port == record->proxy.port &&
           memcmp(&at.address, &record->proxy.ip, sizeof at.address) == 0;
}

bool peer_get(int fd, struct peer *out)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;

    return read_record(fd, out) && real()->getpeername(fd, (struct sockaddr *)&address, &size) == 0 &&
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
    memcpy(&port, (const char *)now + offsetof(struct sockaddr_in, sin_port),
           sizeof port); /* at the same spot in both */
    port = ntohs(port);
    return is_proxys(port) || (atomic_load(&peer_may_come) && is_configured(port));
}

/* Another descriptor of this process whose record is of the socket with this SO_COOKIE; -1: none. `asking`:
 * sockets whose record has no SO_COOKIE yet are asked for theirs, a system call each. */
static int duplicate_of(uint64_t cookie, bool asking)
{
    for (int fd = fd_map_next(&peers, 0); fd < FD_MAP_NUMBERS; fd = fd_map_next(&peers, fd + 1)) {
        struct peer record;

        if (read_record(fd, &record) &&
            (record.cookie == cookie || (asking && record.cookie == 0 && socket_cookie(fd) == cookie)))
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

/* Whoever asked, the socket was asked for its cookie: unless the record has become another one meanwhile. */
static void note_cookie(int fd, const struct peer *seen, uint64_t cookie)
{
    struct peer before, now;
    struct spot *spot = open_spot(fd, true, &before);

    if (!spot)
        return;
    now = before;
    if (before.cookie == seen->cookie && before.target.port == seen->target.port)
        now.cookie = cookie;
    close_spot(spot, &before, &now);
}

bool peer_find(int fd, const struct sockaddr *now, socklen_t size, struct peer *out)
{
    uint64_t cookie = socket_cookie(fd);
    const struct spot *spot = fd_map_at(&peers, fd, true);

    if (!spot || cookie == 0 || !read_whole(spot, out))
        return false;
    if (out->cookie != cookie && !(out->target.port != 0 && out->cookie == 0 && is_at(out, now, size))) {
        adopt(fd, cookie);
        if (!read_whole(spot, out))
            return false;
    }
    if (out->cookie != cookie)
        note_cookie(fd, out, cookie);
    return out->target.port != 0 && !out->direct && is_at(out, now, size);
}

void peer_received(int fd)
{
    peer_forget(fd);
    atomic_store(&looked, false);
    atomic_store(&peer_may_come, true);
}

static bool is_open_tunnel(int fd, struct peer *out)
{
    return read_record(fd, out) && !out->handed && !out->direct && peer_get(fd, out);
}

static void write_down(struct peer *record, int fd, const struct private_file *file)
{
    uint64_t cookie = socket_cookie(fd);

    if (cookie == 0 || (record->cookie != 0 && record->cookie != cookie))
        return;
    handed_put(file, cookie, record);
    record->cookie = cookie;
    record->handed = true;
    peer_set(fd, record);
}

void peer_hand_over(int fd)
{
    struct private_file file;
    struct peer record;
    KEEP_ERRNO;

    if (is_open_tunnel(fd, &record) && handed_begin(&file)) {
        write_down(&record, fd, &file);
        handed_end(&file);
    }
}

void peer_hand_over_to_child(bool all)
{
    struct private_file file;
    struct peer record;
    KEEP_ERRNO;
    bool begun = false, usable = true;

    for (int fd = fd_map_next(&peers, 0); usable && fd < FD_MAP_NUMBERS; fd = fd_map_next(&peers, fd + 1)) {
        if (!read_record(fd, &record) || record.handed || !(all || socket_survives_exec(fd)) ||
            !is_open_tunnel(fd, &record))
            continue;
        usable = begun || handed_begin(&file);
        begun = usable;
        if (usable)
            write_down(&record, fd, &file);
    }
    if (begun)
        handed_end(&file);
}

bool peer_is_open(int fd)
{
    struct peer record;

    return peer_get(fd, &record);
}
