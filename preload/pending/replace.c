#include "replace.h"

#include "../real.h"
#include "../process/own.h"
#include "../sockets/duplicates.h"
#include "../sockets/slot.h"
#include "../sockets/socket.h"
#include "../sockets/substitute.h"

#include <ptunnel/log.h>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

_Atomic bool replace_happened;

struct option {
    int level, name;
};

enum { VALUE_MOST = 64 }; /* bytes: the longest are names of interfaces and of congestion controls */

static const struct option options[] = {
    { SOL_SOCKET, SO_REUSEADDR },
    { SOL_SOCKET, SO_REUSEPORT },
    { SOL_SOCKET, SO_KEEPALIVE },
    { SOL_SOCKET, SO_DONTROUTE },
    { SOL_SOCKET, SO_LINGER },
    { SOL_SOCKET, SO_OOBINLINE },
    { SOL_SOCKET, SO_PRIORITY },
    { SOL_SOCKET, SO_MARK },
    { SOL_SOCKET, SO_RCVLOWAT },
    { SOL_SOCKET, SO_RCVTIMEO },
    { SOL_SOCKET, SO_SNDTIMEO },
    { SOL_SOCKET, SO_BINDTODEVICE },
    { SOL_SOCKET, SO_PEEK_OFF },
    { SOL_SOCKET, SO_BUSY_POLL },
    { SOL_SOCKET, SO_MAX_PACING_RATE },
    { SOL_SOCKET, SO_TIMESTAMP },
    { SOL_SOCKET, SO_TIMESTAMPNS },
    { SOL_SOCKET, SO_TIMESTAMPING },
    { SOL_SOCKET, SO_ZEROCOPY },
    { IPPROTO_TCP, TCP_NODELAY },
    { IPPROTO_TCP, TCP_CORK },
    { IPPROTO_TCP, TCP_KEEPIDLE },
    { IPPROTO_TCP, TCP_KEEPINTVL },
    { IPPROTO_TCP, TCP_KEEPCNT },
    { IPPROTO_TCP, TCP_SYNCNT },
    { IPPROTO_TCP, TCP_LINGER2 },
    { IPPROTO_TCP, TCP_CONGESTION },
    { IPPROTO_TCP, TCP_USER_TIMEOUT },
    { IPPROTO_TCP, TCP_NOTSENT_LOWAT },
    { IPPROTO_TCP, TCP_FASTOPEN_CONNECT },
    { IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE },
    { IPPROTO_TCP, TCP_INQ },
    { IPPROTO_TCP, TCP_SAVE_SYN },
    { IPPROTO_TCP, TCP_TX_DELAY },
    { IPPROTO_IP, IP_TOS },
    { IPPROTO_IP, IP_TTL },
    { IPPROTO_IP, IP_MTU_DISCOVER },
    { IPPROTO_IP, IP_RECVERR },
    { IPPROTO_IP, IP_FREEBIND },
    { IPPROTO_IP, IP_TRANSPARENT },
    { IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT },
    { IPPROTO_IP, IP_MINTTL },
    { IPPROTO_IP, IP_UNICAST_IF },
    { IPPROTO_IPV6, IPV6_TCLASS },
    { IPPROTO_IPV6, IPV6_UNICAST_HOPS },
    { IPPROTO_IPV6, IPV6_MTU_DISCOVER },
    { IPPROTO_IPV6, IPV6_RECVERR },
    { IPPROTO_IPV6, IPV6_ADDR_PREFERENCES },
    { IPPROTO_IPV6, IPV6_UNICAST_IF },
};

/* What the program set; all else is as the kernel has it in a new socket. An option that one of the two
 * families does not have is left out. */
static void copy_option(int from, int to, const struct option *option, const struct option *as)
{
    char value[VALUE_MOST], other[VALUE_MOST];
    socklen_t size = sizeof value, other_size = sizeof other;

    if (real()->getsockopt(from, option->level, option->name, value, &size) < 0 ||
        real()->getsockopt(to, as->level, as->name, other, &other_size) < 0)
        return;
    if (size != other_size || memcmp(value, other, size) != 0)
        setsockopt(to, as->level, as->name, value, size);
}

/* Once it was set the kernel does not adapt it any more, and it tells twice the size that was set. */
static void copy_buffer_size(int from, int to, int name, int lock)
{
    int locks = 0, bytes = 0;
    socklen_t size = sizeof locks, bytes_size = sizeof bytes;

    if (real()->getsockopt(from, SOL_SOCKET, SO_BUF_LOCK, &locks, &size) < 0 || !(locks & lock) ||
        real()->getsockopt(from, SOL_SOCKET, name, &bytes, &bytes_size) < 0)
        return;
    bytes /= 2;
    setsockopt(to, SOL_SOCKET, name, &bytes, sizeof bytes);
}

static void copy_flags(int from, int to)
{
    struct f_owner_ex owner;

    if (real()->fcntl(from, F_GETOWN_EX, &owner) == 0 && owner.pid != 0)
        real()->fcntl(to, F_SETOWN_EX, &owner);
    real()->fcntl(to, F_SETSIG, real()->fcntl(from, F_GETSIG));
    real()->fcntl(to, F_SETFL, real()->fcntl(from, F_GETFL));
}

static void copy_all(int from, int to, int family)
{
    static const struct option tos = { IPPROTO_IP, IP_TOS }, traffic_class = { IPPROTO_IPV6, IPV6_TCLASS };
    static const struct option ttl = { IPPROTO_IP, IP_TTL }, hops = { IPPROTO_IPV6, IPV6_UNICAST_HOPS };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        copy_option(from, to, &options[i], &options[i]);
    if (family == AF_INET6) {
        copy_option(from, to, &tos, &traffic_class);
        copy_option(from, to, &ttl, &hops);
    }
    copy_buffer_size(from, to, SO_SNDBUF, 1);
    copy_buffer_size(from, to, SO_RCVBUF, 2);
    copy_flags(from, to);
}

/* Unbound. A negative errno. */
static int open_like(int fd, int family)
{
    int protocol = 0, off = 0, made;
    socklen_t size = sizeof protocol;

    if (real()->getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) < 0)
        return -errno;
    made = socket(family, SOCK_STREAM | SOCK_CLOEXEC, protocol);
    if (made < 0)
        return -errno;
    setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off); /* of IPv4 it is not taken, nor needed */
    copy_all(fd, made, family);
    return made;
}

/* By descriptor: what is believed while the kernel says that it still is the socket which was put there. */
struct record {
    _Atomic uint64_t cookie; /* SO_COOKIE of that socket; 0: no record */
    struct original original;
};

enum { PAGE_FDS = 256, PAGES = TABLE_DESCRIPTORS / PAGE_FDS };

struct page {
    struct record records[PAGE_FDS];
};

static _Atomic(void *) pages[PAGES];

static struct record *record_of(int fd, bool create)
{
    struct page *page;

    if (fd < 0 || fd >= PAGES * PAGE_FDS)
        return NULL;
    page = pages_at(&pages[fd / PAGE_FDS], sizeof *page, create);
    return page ? &page->records[fd % PAGE_FDS] : NULL;
}

bool replace_original(int fd, struct original *out)
{
    const struct record *record = replaced_any() ? record_of(fd, false) : NULL;

    if (!record || record->cookie == 0 || record->cookie != socket_cookie(fd))
        return false;
    *out = record->original;
    return true;
}

static void remember(int fd, uint64_t cookie, const struct original *original)
{
    struct record *record = record_of(fd, original != NULL);

    if (!record)
        return;
    atomic_store(&record->cookie, 0);
    if (original)
        record->original = *original;
    atomic_store(&record->cookie, original ? cookie : 0);
}

void replace_copy(int from, int to)
{
    const struct record *record = record_of(from, false);

    if (record && record->cookie != 0)
        remember(to, record->cookie, &record->original);
}

struct exchange {
    const struct entry *entry;       /* NULL: it is not pending */
    const struct original *original; /* of the new socket; NULL: it is one like the first */
    int made;
    uint64_t cookie; /* of the new socket */
};

/* The registrations go before the old socket does: a forked process may keep that alive, and them. */
static void exchange_one(int fd, void *data)
{
    const struct exchange *exchange = data;
    int flags = real()->fcntl(fd, F_GETFD);

    watch_lift(fd);
    real()->dup3(exchange->made, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
    watch_lay(fd, exchange->entry);
    remember(fd, exchange->cookie, exchange->original);
}

static void exchange_all(int fd, int made, struct entry *entry, const struct original *original)
{
    struct exchange exchange = {
        .entry = entry, .original = original, .made = made, .cookie = socket_cookie(made)
    };

    duplicates_each(fd, exchange_one, &exchange);
    real()->close(made);
    if (entry && entry->cookie != 0)
        entry->cookie = exchange.cookie;
}

/* getsockname() also tells the port of a former connection. But only a socket that has none can be bound. */
static bool has_port(int fd, const struct original *original)
{
    struct sockaddr_in6 any = { .sin6_family = original->name.any.sa_family };

    return bind(fd, (struct sockaddr *)&any, original->size) < 0;
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

/* Its room is no part of its caller's: see dial_parts.h. */
static __attribute__((noinline)) void say(const struct dial *dial)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_add(&line, dial->authority);
    text_add(&line,
             ": the program's socket cannot reach the proxy's address family: a new one takes its place");
    log_line(LOG_CONNECTION, &line);
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
    made = open_like(dial->fd, AF_INET6);
    if (made < 0)
        return made;
    if (log_wants(LOG_CONNECTION))
        say(dial);
    if (!has_port(dial->fd, &original))
        original.name.v6.sin6_port = 0; /* at the same place in both */
    exchange_all(dial->fd, made, entry, &original);
    port.sin6_port = original.name.v6.sin6_port;
    if (port.sin6_port != 0)
        bind(dial->fd, (struct sockaddr *)&port, sizeof port);
    dial->family = AF_INET6;
    return 0;
}

static int like_first(int fd, const struct original *original, struct entry *entry)
{
    int made = open_like(fd, original->name.any.sa_family), on = 1;

    if (made < 0)
        return made;
    exchange_all(fd, made, entry, NULL);
    if (original->v6only)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (original->name.v6.sin6_port != 0 || is_bound_to_address(original))
        bind(fd, &original->name.any, original->size);
    return 0;
}

/* To the other processes that share an inherited entry the new socket cannot be given. */
int replace_socket(struct dial *dial, enum dial_socket kind)
{
    struct entry *entry = (struct entry *)((char *)dial - offsetof(struct entry, dial));
    struct original original;
    int result;

    if (table_is_inherited(entry))
        return -EAFNOSUPPORT;
    atomic_store(&replace_happened, true);
    if (kind == DIAL_REACH_BOTH)
        return reach_both(dial, entry);
    if (!replace_original(dial->fd, &original))
        return -EBADF;
    /* A process that was forked meanwhile keeps this one: for it the connection has failed, too. */
    dial->touched = true;
    dial_disconnect(dial);
    socket_connect_to_nowhere(dial->fd, dial->family);
    dial->touched = true;
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

void replace_undo(int fd)
{
    struct original original;
    int cancel = cancel_hold();

    if (replace_original(fd, &original) && is_unconnected(fd))
        like_first(fd, &original, NULL);
    cancel_release(cancel);
}
