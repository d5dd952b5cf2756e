#include "answers.h"

#include "../real.h"
#include "peers.h"
#include "pending.h"

#include <ptunnel/endpoint.h>

#include <string.h>

/* As the kernel does: cut to the room there is, and the whole size told. */
static int give_address(int fd, const struct peer *peer, struct sockaddr *address, socklen_t *size)
{
    struct endpoint target = { .literal = true, .port = peer->target_port, .scope = peer->target_scope };
    struct sockaddr_storage whole = { 0 };
    int family = AF_INET6;
    socklen_t family_size = sizeof family, whole_size;

    real()->getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &family_size);
    target.address = peer->target;
    whole_size = endpoint_to_sockaddr(&target, family, &whole);
    memcpy(address, &whole, *size < whole_size ? *size : whole_size);
    *size = whole_size;
    return 0;
}

int answers_peer(int fd, struct sockaddr *address, socklen_t *size)
{
    struct entry *entry = table_empty() ? NULL : pending_find(fd);
    struct peer peer;

    if (entry && atomic_load(&entry->state) == ENTRY_PENDING && !pending_step(fd, entry))
        return -ENOTCONN;
    if (!address || !size || (int)*size < 0 || !peers_get(fd, &peer))
        return real()->getpeername(fd, address, size) < 0 ? -errno : 0;
    return give_address(fd, &peer, address, size);
}

int answers_error(int fd, void *value, socklen_t *size)
{
    struct entry *entry = pending_find(fd);
    int error;

    /* A program that asks without having been seen to wait was told by something we do not see that the socket is ready. */
    if (entry && atomic_load(&entry->state) == ENTRY_PENDING && !atomic_load(&entry->waited))
        pending_finish(fd);
    else if (entry && atomic_load(&entry->state) == ENTRY_PENDING)
        pending_step(fd, entry);
    if (real()->getsockopt(fd, SOL_SOCKET, SO_ERROR, value, size) < 0)
        return -errno;
    if (*size >= sizeof error) {
        memcpy(&error, value, sizeof error);
        error = pending_error(fd, error);
        memcpy(value, &error, sizeof error);
    }
    return 0;
}
