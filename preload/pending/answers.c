#include "answers.h"

#include "../real.h"
#include "memory.h"
#include "peers.h"
#include "pending.h"

#include <ptunnel/endpoint.h>

#include <string.h>

/* As the kernel does: cut to the room there is, and the whole size told. */
static int give_address(int fd, const struct peer *peer, struct sockaddr *address, socklen_t room, socklen_t *size)
{
    struct endpoint target = { .literal = true, .port = peer->target_port };
    struct sockaddr_storage whole = { 0 };
    int family = AF_INET6;
    socklen_t family_size = sizeof family, whole_size;

    real()->getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &family_size);
    target.address = peer->target;
    if (IN6_IS_ADDR_LINKLOCAL(&target.address)) /* no others have one */
        target.scope = peer->target_scope;
    whole_size = endpoint_to_sockaddr(&target, family, &whole);
    if (room > 0)
        memcpy(address, &whole, room < whole_size ? room : whole_size);
    *size = whole_size;
    return 0;
}

int answers_peer(int fd, struct sockaddr *address, socklen_t *size)
{
    struct entry *entry = table_empty() ? NULL : pending_find(fd);
    struct peer peer;
    socklen_t room = 0;

    if (entry && atomic_load(&entry->state) == ENTRY_PENDING && !pending_step(fd, entry))
        return -ENOTCONN;
    if (size && memory_readable(size, sizeof *size))
        room = *size;
    if (real()->getpeername(fd, address, size) < 0) /* it finds out whether there is that room, and as much is taken */
        return -errno;
    return peers_get(fd, &peer) || peers_adopt(fd, &peer) ? give_address(fd, &peer, address, room, size) : 0;
}

int answers_error(int fd, void *value, socklen_t *size)
{
    struct entry *entry = pending_find(fd);
    int error;

    if (entry && atomic_load(&entry->state) == ENTRY_PENDING)
        pending_ask(fd, entry);
    if (real()->getsockopt(fd, SOL_SOCKET, SO_ERROR, value, size) < 0)
        return -errno;
    if (*size >= sizeof error) {
        memcpy(&error, value, sizeof error);
        error = pending_error(fd, error);
        memcpy(value, &error, sizeof error);
    }
    return 0;
}
