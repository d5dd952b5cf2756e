#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

void sockets_start(struct sockets *sockets)
{
    *sockets = (struct sockets){ .count = 0 };
    list_start(&sockets->all);
}

static struct known **bucket(struct sockets *sockets, uint64_t cookie)
{
    return &sockets->buckets[cookie % SOCKETS_BUCKETS];
}

struct known *sockets_find(struct sockets *sockets, uint64_t cookie)
{
    struct known *known = cookie ? *bucket(sockets, cookie) : NULL;

    while (known && known->cookie != cookie)
        known = known->next;
    if (known)
        list_move(&sockets->all, &known->link);
    return known;
}

static void forget(struct sockets *sockets, struct known *known)
{
    struct known **at = bucket(sockets, known->cookie);

    while (*at != known)
        at = &(*at)->next;
    *at = known->next;
    list_remove(&known->link);
    sockets->count--;
    sockets->forgot_registrations |= known->registration_count > 0;
    free(known);
}

/* The one that was used longest ago, of those with nothing under way. */
static void forget_oldest(struct sockets *sockets)
{
    for (struct link *at = sockets->all.next; at != &sockets->all; at = at->next) {
        struct known *known = owner_of(at, struct known, link);

        if (!known->gate && !known->hold) {
            forget(sockets, known);
            return;
        }
    }
}

struct known *sockets_make(struct sockets *sockets, uint64_t cookie)
{
    struct known *known = sockets_find(sockets, cookie);

    if (known)
        return known;
    known = calloc(1, sizeof *known);
    if (!known)
        return NULL;
    if (sockets->count >= SOCKETS_MOST)
        forget_oldest(sockets);
    known->cookie = cookie;
    known->registrations_lost = sockets->forgot_registrations;
    known->next = *bucket(sockets, cookie);
    *bucket(sockets, cookie) = known;
    list_add(&sockets->all, &known->link);
    sockets->count++;
    return known;
}

uint64_t socket_cookie(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;

    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) < 0 ? 0 : cookie;
}

int socket_option(int fd, int level, int name)
{
    int value = 0;
    socklen_t size = sizeof value;

    return getsockopt(fd, level, name, &value, &size) < 0 ? -1 : value;
}

bool socket_blocks(int fd)
{
    return !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

socklen_t socket_address_size(const union address *address)
{
    if (address->any.sa_family == AF_INET)
        return sizeof address->v4;
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : 0;
}

int socket_connect(int fd, const void *address, socklen_t size)
{
    return connect(fd, address, size) < 0 ? errno : 0;
}

/* A blocking socket would keep us, and its flags are the program's, too. TCP Fast Open has a connect() that takes a
 * flag: no byte is sent, and on loopback nothing can be in the way of the option that goes with the SYN. */
int socket_begin_connect(int fd, const void *address, socklen_t size)
{
    if (!socket_blocks(fd))
        return socket_connect(fd, address, size);
    return sendto(fd, "", 0, MSG_FASTOPEN | MSG_DONTWAIT | MSG_NOSIGNAL, address, size) < 0 ? errno : 0;
}

void socket_refuse(int fd, bool mapped)
{
    union address nowhere = { .any.sa_family = (sa_family_t)socket_option(fd, SOL_SOCKET, SO_DOMAIN) };

    if (mapped)
        nowhere.v6.sin6_addr = (struct in6_addr){ .s6_addr = { [10] = 255, 255, 127, 0, 0, 1 } };
    socket_begin_connect(fd, &nowhere, socket_address_size(&nowhere));
}

void socket_take_back(int fd)
{
    static const struct sockaddr unspecified = { .sa_family = AF_UNSPEC };

    socket_connect(fd, &unspecified, sizeof unspecified);
    socket_option(fd, SOL_SOCKET, SO_ERROR);
}

static int tcp_state(int fd)
{
    struct tcp_info info = { .tcpi_state = 0 };
    socklen_t size = sizeof info;

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 ? -1 : info.tcpi_state;
}

bool socket_is_unconnected(int fd)
{
    return tcp_state(fd) == TCP_CLOSE;
}

bool socket_is_connecting(int fd)
{
    return tcp_state(fd) == TCP_SYN_SENT;
}

int socket_connect_again(int fd)
{
    union address anywhere = { .any.sa_family = (sa_family_t)socket_option(fd, SOL_SOCKET, SO_DOMAIN) };
    int state = tcp_state(fd);

    if (state == TCP_CLOSE || state == TCP_SYN_SENT)
        return ECONNABORTED;
    return socket_connect(fd, &anywhere, socket_address_size(&anywhere));
}

void socket_unmap(int fd)
{
    static const struct sockaddr_in6 cure = {
        .sin6_family = AF_INET6,
        .sin6_port = 0x0900,
        .sin6_addr.s6_addr = { [10] = 255, 255, 255, 255, 255, 255 },
    };

    socket_connect(fd, &cure, sizeof cure);
}
