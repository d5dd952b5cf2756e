#include <ptunnel/socket_options.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

enum { VALUE_MOST = 64 }; /* bytes: the longest are names of interfaces and of congestion controls */

struct option {
    int level, name;
};

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
static void copy_option(const struct net *net, int from, int to, const struct option *option,
                        const struct option *as)
{
    char value[VALUE_MOST], other[VALUE_MOST];
    socklen_t size = sizeof value, other_size = sizeof other;

    if (net->getsockopt(from, option->level, option->name, value, &size) < 0 ||
        net->getsockopt(to, as->level, as->name, other, &other_size) < 0)
        return;
    if (size != other_size || memcmp(value, other, size) != 0)
        net->setsockopt(to, as->level, as->name, value, size);
}

static int number_of(const struct net *net, int fd, int name)
{
    int number = 0;
    socklen_t size = sizeof number;

    return net->getsockopt(fd, SOL_SOCKET, name, &number, &size) < 0 ? -1 : number;
}

/* Whether the program has set it: then the kernel does not adapt it any more. Before Linux 5.14, which does not tell,
 * a size that a new socket does not have was set. */
static bool buffer_size_was_set(const struct net *net, int from, int to, int name, int lock)
{
    int locks = number_of(net, from, SO_BUF_LOCK);

    if (locks < 0)
        return number_of(net, from, name) != number_of(net, to, name);
    return locks & lock;
}

/* The kernel tells twice the size that was set. */
static void copy_buffer_size(const struct net *net, int from, int to, int name, int lock)
{
    int bytes = number_of(net, from, name) / 2;

    if (bytes > 0 && buffer_size_was_set(net, from, to, name, lock))
        net->setsockopt(to, SOL_SOCKET, name, &bytes, sizeof bytes);
}

static void copy_flags(socket_options_fcntl *fcntl, int from, int to)
{
    struct f_owner_ex owner;

    if (fcntl(from, F_GETOWN_EX, &owner) == 0 && owner.pid != 0)
        fcntl(to, F_SETOWN_EX, &owner);
    fcntl(to, F_SETSIG, fcntl(from, F_GETSIG));
    fcntl(to, F_SETFL, fcntl(from, F_GETFL));
}

static int domain_of(const struct net *net, int fd)
{
    int domain = AF_UNSPEC;
    socklen_t size = sizeof domain;

    net->getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    return domain;
}

void socket_options_copy(const struct net *net, socket_options_fcntl *fcntl, int from, int to, int family)
{
    static const struct option tos = { IPPROTO_IP, IP_TOS }, traffic_class = { IPPROTO_IPV6, IPV6_TCLASS };
    static const struct option ttl = { IPPROTO_IP, IP_TTL }, hops = { IPPROTO_IPV6, IPV6_UNICAST_HOPS };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        copy_option(net, from, to, &options[i], &options[i]);
    if (family == AF_INET6 && domain_of(net, from) == AF_INET) {
        copy_option(net, from, to, &tos, &traffic_class);
        copy_option(net, from, to, &ttl, &hops);
    }
    copy_buffer_size(net, from, to, SO_SNDBUF, 1);
    copy_buffer_size(net, from, to, SO_RCVBUF, 2);
    copy_flags(fcntl, from, to);
}
