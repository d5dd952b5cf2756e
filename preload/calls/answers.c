#include "answers.h"

#include "../real.h"
#include "../process/readable.h"
#include "../sockets/peek.h"
#include "../sockets/peer.h"
#include "../pending/wait.h"
#include "../sockets/original.h"

#include <ptunnel/endpoint.h>

#include <netinet/tcp.h>
#include <string.h>

/* As the kernel does: cut to the room there is, and the whole size told. */
static void give(const void *whole, socklen_t whole_size, struct sockaddr *address, socklen_t room,
                 socklen_t *size)
{
    if (room > 0)
        memcpy(address, whole, room < whole_size ? room : whole_size);
    *size = whole_size;
}

static int domain_of(int fd)
{
    int family = AF_INET6;
    socklen_t size = sizeof family;
    struct original original;

    if (original_of(fd, &original))
        return original.name.any.sa_family;
    real()->getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
    return family;
}

static void give_target(int fd, const struct peer *peer, struct sockaddr *address, socklen_t room,
                        socklen_t *size)
{
    struct endpoint target = endpoint_of_literal(&peer->target);
    struct sockaddr_storage whole = { 0 };

    if (!IN6_IS_ADDR_LINKLOCAL(&target.address)) /* no others have one */
        target.scope = 0;
    give(&whole, endpoint_to_sockaddr(&target, domain_of(fd), &whole), address, room, size);
}

/* Bytes at the address that a program passed: how many it has room for, and how many the kernel has filled in. */
struct room {
    socklen_t all, filled;
};

/* getpeername(2) or getsockname(2) by the kernel, which finds out whether there is that room. A socket that
 * stands in the place of a smaller one must not write more than that had. */
static int ask(int (*call)(int fd, struct sockaddr *address, socklen_t *size), int fd,
               struct sockaddr *address, socklen_t *size, struct room *room)
{
    struct original original;
    socklen_t told;

    *room = (struct room){ 0 };
    if (size && readable(size, sizeof *size))
        room->all = *size;
    if (room->all == 0 || room->all > INT32_MAX || !original_of(fd, &original)) {
        room->filled = room->all;
        return call(fd, address, size) < 0 ? -errno : 0;
    }
    told = room->filled = room->all < original.size ? room->all : original.size;
    if (call(fd, address, &told) < 0)
        return -errno;
    *size = told;
    return 0;
}

static bool is_tunnel(int fd, const struct sockaddr *address, socklen_t filled, socklen_t size,
                      struct peer *out)
{
    struct sockaddr_storage whole;
    socklen_t whole_size = sizeof whole;

    if (!peer_is_suspect(address, filled < size ? filled : size))
        return false;
    if (size <= filled)
        return peer_find(fd, address, size, out);
    return real()->getpeername(fd, (struct sockaddr *)&whole, &whole_size) == 0 &&
           peer_find(fd, (struct sockaddr *)&whole, whole_size, out);
}

int answers_peer(int fd, struct sockaddr *address, socklen_t *size)
{
    KEEP_ERRNO;
    struct entry *entry = slots_empty() ? NULL : pending_find(fd);
    struct peer peer;
    struct room room;
    int result;

    if (entry && atomic_load(&entry->state) == ENTRY_PENDING && !pending_step(fd, entry))
        return -ENOTCONN;
    if (entry && atomic_load(&entry->state) == ENTRY_FAILED && atomic_load(&entry->stuck))
        return -ENOTCONN;
    result = ask(real()->getpeername, fd, address, size, &room);
    if (result == 0 && is_tunnel(fd, address, room.filled, *size, &peer))
        give_target(fd, &peer, address, room.all, size);
    return result;
}

/* The address that the kernel takes for connections to a target of IPv4: a datagram socket tells without
 * sending anything. */
static void find_source(const struct peer *peer, struct sockaddr_in *out)
{
    struct endpoint target = endpoint_of_literal(&peer->target);
    struct sockaddr_storage address;
    struct sockaddr_in source;
    socklen_t target_size = endpoint_to_sockaddr(&target, AF_INET, &address), size = sizeof source;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    if (real()->connect(fd, (struct sockaddr *)&address, target_size) == 0 &&
        real()->getsockname(fd, (struct sockaddr *)&source, &size) == 0)
        out->sin_addr = source.sin_addr;
    real()->close(fd);
}

/* The port is the new socket's; the address is what the program had bound, or would have got. */
int answers_name(int fd, struct sockaddr *address, socklen_t *size)
{
    KEEP_ERRNO;
    struct original original;
    struct sockaddr_in6 now;
    struct peer peer;
    struct room room;
    socklen_t now_size = sizeof now;
    int result = ask(real()->getsockname, fd, address, size, &room);

    if (result < 0 || !original_of(fd, &original) ||
        real()->getsockname(fd, (struct sockaddr *)&now, &now_size) < 0)
        return result;
    original.name.v6.sin6_port = now.sin6_port; /* at the same place in both */
    if (original.name.any.sa_family == AF_INET && original.name.v4.sin_addr.s_addr == INADDR_ANY &&
        peer_get(fd, &peer))
        find_source(&peer, &original.name.v4);
    give(&original.name, original.size, address, room.all, size);
    return 0;
}

int answers_domain(int fd, void *value, socklen_t *size)
{
    KEEP_ERRNO;
    int family;

    if (real()->getsockopt(fd, SOL_SOCKET, SO_DOMAIN, value, size) < 0)
        return -errno;
    family = domain_of(fd);
    memcpy(value, &family, *size < sizeof family ? *size : sizeof family);
    return 0;
}

int answers_error(int fd, void *value, socklen_t *size)
{
    struct entry *entry = pending_find(fd);
    bool pending = false;
    int error;

    if (entry && atomic_load(&entry->state) == ENTRY_PENDING)
        pending = !pending_step(fd, entry);
    /* Until it has ended an error is that of a proxy which may be replaced: not the program's to take. */
    if (real()->getsockopt(fd, SOL_SOCKET, pending ? SO_TYPE : SO_ERROR, value, size) < 0)
        return -errno;
    if (pending) {
        memset(value, 0, *size);
    } else if (*size >= sizeof error) {
        memcpy(&error, value, sizeof error);
        error = pending_error(fd, error);
        memcpy(value, &error, sizeof error);
    }
    return 0;
}

static struct entry *bounded_at(int fd)
{
    struct entry *entry = pending_find(fd);

    return entry && atomic_load(&entry->bounded) ? entry : NULL;
}

int answers_user_timeout(int fd, void *value, socklen_t *size)
{
    struct entry *entry = bounded_at(fd);
    int own = entry ? atomic_load(&entry->user_timeout) : 0;

    if (real()->getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, value, size) < 0)
        return -errno;
    if (entry)
        memcpy(value, &own, *size < sizeof own ? *size : sizeof own);
    return 0;
}

/* What the kernel would refuse is its to refuse, and changes nothing. */
int answers_set_user_timeout(int fd, const void *value, socklen_t size)
{
    struct entry *entry = bounded_at(fd);
    int wanted = -1;

    if (entry && size >= (socklen_t)sizeof wanted && readable(value, sizeof wanted))
        memcpy(&wanted, value, sizeof wanted);
    if (wanted >= 0) {
        atomic_store(&entry->user_timeout, wanted);
        return 0;
    }
    return real()->setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, value, size) < 0 ? -errno : 0;
}

static struct entry *pending_at(int fd)
{
    struct entry *entry = slots_empty() ? NULL : pending_find(fd);

    return entry && atomic_load(&entry->state) == ENTRY_PENDING ? entry : NULL;
}

int answers_peek_offset(int fd, void *value, socklen_t *size)
{
    struct entry *entry = pending_at(fd);
    int own = entry ? atomic_load(&entry->peek_offset) : -1;

    if (real()->getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, value, size) < 0)
        return -errno;
    if (own >= 0)
        memcpy(value, &own, *size < sizeof own ? *size : sizeof own);
    return 0;
}

/* Whether the socket has the option is the kernel's to say. */
int answers_set_peek_offset(int fd, const void *value, socklen_t size)
{
    struct entry *entry = pending_at(fd);
    int wanted = -1, off = -1;

    if (size >= (socklen_t)sizeof wanted && readable(value, sizeof wanted))
        memcpy(&wanted, value, sizeof wanted);
    if (wanted >= 0)
        atomic_store(&peek_ever, true);
    if (!entry || wanted < 0) {
        if (real()->setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, value, size) < 0)
            return -errno;
        wanted = -1;
    } else if (real()->setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof off) < 0) {
        return -errno;
    }
    if (entry)
        atomic_store(&entry->peek_offset, wanted);
    return 0;
}
