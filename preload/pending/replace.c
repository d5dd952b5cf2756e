#include "replace.h"

#include "../real.h"
#include "../process/own.h"
#include "../sockets/copy.h"
#include "../sockets/duplicates.h"
#include "../sockets/event.h"
#include "../sockets/slot.h"
#include "../sockets/socket.h"
#include "../sockets/substitute.h"

#include <ptunnel/log.h>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>

struct exchange {
    const struct entry *entry;       /* NULL: it is not pending */
    const struct original *original; /* of the new socket; NULL: it is one like the first */
    int made;
    uint64_t cookie; /* of the new socket */
};

static void exchange_one(int fd, void *data)
{
    const struct exchange *exchange = data;
    int flags = socket_survives_exec(fd) ? 0 : O_CLOEXEC;

    substitute_exchange(fd, exchange->made, flags, exchange->entry);
    original_remember(fd, exchange->cookie, exchange->original);
}

static void exchange_all(int fd, int made, struct entry *entry, const struct original *original)
{
    struct exchange exchange = {
        .entry = entry, .original = original, .made = made, .cookie = socket_cookie(made)
    };

    duplicates_each(fd, exchange_one, &exchange);
    real()->close(made);
    if (entry)
        atomic_store(&entry->cookie, exchange.cookie);
}

/* getsockname() also tells the port of a former connection. But only a socket that has none can be bound. */
static bool has_port(int fd, const struct original *original)
{
    struct sockaddr_in6 any = { .sin6_family = original->name.any.sa_family };

    return real()->bind(fd, (struct sockaddr *)&any, original->size) < 0;
}

static bool is_bound_to_address(const struct original *original)
{
    return original->name.any.sa_family == AF_INET ? original->name.v4.sin_addr.s_addr != INADDR_ANY
                                                   : !IN6_IS_ADDR_UNSPECIFIED(&original->name.v6.sin6_addr);
}

/* Whether it is the socket that keeps the dial from where it last wanted to go. The family is the one that
 * the program gave, which may be another than the socket's: the kernel's to complain about. */
static bool stands_in_the_way(const struct original *original, const struct dial *dial)
{
    if (original->name.any.sa_family != dial->family || dial->family == AF_INET)
        return original->name.any.sa_family == dial->family;
    return original->v6only ||
           (is_bound_to_address(original) &&
            !IN6_IS_ADDR_V4MAPPED(&original->name.v6.sin6_addr) != !IN6_IS_ADDR_V4MAPPED(&dial->reached));
}

static bool read_original(int fd, struct original *out)
{
    int v6only = 0;
    socklen_t size = sizeof v6only;

    *out = (struct original){ .size = sizeof out->name };
    real()->getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, &size);
    out->v6only = v6only != 0;
    return real()->getsockname(fd, &out->name.any, &out->size) == 0;
}

static void say(const struct dial *dial)
{
    log_print(LOG_CONNECTION,
              "%s: the program's socket cannot reach the proxy's address family: a new one takes its place",
              dial->authority);
}

/* A port that the program chose is kept unless somebody else takes it between. */
static int reach_both(struct dial *dial, struct entry *entry)
{
    struct original original;
    struct sockaddr_in6 port = { .sin6_family = AF_INET6 };
    int made;

    if (dial_disconnect(dial) < 0)
        return -EBUSY;
    if (!read_original(dial->fd, &original) || !stands_in_the_way(&original, dial))
        return -ENETUNREACH;
    made = copy_open(dial->fd, AF_INET6);
    if (made < 0)
        return made;
    if (log_wants(LOG_CONNECTION))
        say(dial);
    if (!has_port(dial->fd, &original))
        original.name.v6.sin6_port = 0; /* at the same place in both */
    exchange_all(dial->fd, made, entry, &original);
    port.sin6_port = original.name.v6.sin6_port;
    if (port.sin6_port != 0)
        real()->bind(dial->fd, (struct sockaddr *)&port, sizeof port);
    dial->family = AF_INET6;
    return 0;
}

static int like_first(int fd, const struct original *original, struct entry *entry)
{
    int made = copy_open(fd, original->name.any.sa_family), on = 1;

    if (made < 0)
        return made;
    exchange_all(fd, made, entry, NULL);
    if (original->v6only)
        real()->setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (original->name.v6.sin6_port != 0 || is_bound_to_address(original))
        real()->bind(fd, &original->name.any, original->size);
    return 0;
}

/* To the other processes that share an inherited entry the new socket cannot be given: its maker goes on. */
int replace_socket(struct dial *dial, enum dial_socket kind)
{
    struct entry *entry = (struct entry *)((char *)dial - offsetof(struct entry, dial));
    struct original original;
    int result;

    if (entry_is_inherited(entry))
        return -EAGAIN;
    atomic_store(&original_ever, true);
    if (kind == DIAL_REACH_BOTH)
        return reach_both(dial, entry);
    if (!original_of(dial->fd, &original))
        return -EBADF;
    /* A process that was forked meanwhile keeps this one: for it the connection has failed, too. */
    dial->must_disconnect = true;
    dial_disconnect(dial);
    socket_connect_to_nowhere(dial->fd, dial->family);
    dial->must_disconnect = true;
    result = like_first(dial->fd, &original, entry);
    if (result == 0)
        dial->family = original.name.any.sa_family;
    return result;
}

static bool is_unconnected(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;

    return real()->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_CLOSE;
}

bool replace_ended(int fd, int *result)
{
    struct original original;
    int cancel, error;

    if (!original_of(fd, &original) || !is_unconnected(fd))
        return false;
    error = -socket_connect_to_nowhere(fd, AF_INET6);
    *result = -error;
    if (error == EISCONN || error == EINVAL)
        return true;
    event_disconnected(fd);
    cancel = cancel_hold();
    like_first(fd, &original, NULL);
    cancel_release(cancel);
    return error != 0 && error != EINPROGRESS && error != ECONNREFUSED;
}

void replace_undo(int fd)
{
    struct original original;
    int cancel = cancel_hold();

    if (original_of(fd, &original) && is_unconnected(fd))
        like_first(fd, &original, NULL);
    cancel_release(cancel);
}
