#include "connection.h"
#include "dial_words.h"

#include <errno.h>
#include <string.h>

int connection_undo(struct dial *dial)
{
    static const struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
    /* Once an IPv6 socket was connected to a mapped address the kernel keeps its IPv4 operations, through
     * AF_UNSPEC too, and a SYN to a true IPv6 address is never sent. This address fails at once and brings
     * them back. */
    static const struct sockaddr_in6 cure = {
        .sin6_family = AF_INET6,
        .sin6_port = 0x0900, /* any port; discard's here */
        .sin6_addr.s6_addr = { [10] = 255, 255, 255, 255, 255, 255 },
    };

    int on = 1;

    if (!dial->must_disconnect)
        return 0;
    if (dial->net->connect(dial->fd, &unspecified, sizeof unspecified) < 0)
        return -errno;
    if (dial->mapped)
        dial->net->connect(dial->fd, (const struct sockaddr *)&cure, sizeof cure);
    if (dial->v6only)
        dial->net->setsockopt(dial->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    dial->must_disconnect = dial->mapped = dial->v6only = false;
    return 0;
}

/* Address `number` in the order of preference: first those of the first socket's family, then the others,
 * which an IPv6 socket reaches mapped and an IPv4 one only if it is replaced. False: the address is of the
 * other half. list->count is never 0, see addresses_find(). */
static bool pick_address(const struct dial *dial, const struct addresses *list, unsigned number,
                         struct endpoint *out)
{
    bool own_family = number < list->count;

    *out = (struct endpoint){ .literal = true };
    out->address = list->at[number % list->count].address;
    out->scope = list->at[number % list->count].scope;
    return endpoint_is_v4(out) == (own_family == (dial->first_family == AF_INET));
}

bool connection_find_address(const struct dial *dial, const struct addresses *list, unsigned *number,
                             struct endpoint *out)
{
    unsigned all = (unsigned)list->count * (dial->first_family == AF_INET6 || dial->replace ? 2 : 1);

    while (*number < all)
        if (pick_address(dial, list, (*number)++, out))
            return true;
    return false;
}

/* Whether the errno of connect(2) tells of the proxy or the network, not of the socket. */
static bool speaks_of_the_way(int error)
{
    static const int errors[] = { ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH,
                                  ECONNRESET,   ENETDOWN,  EHOSTDOWN,    EADDRNOTAVAIL,
                                  EACCES,       EPERM,     ECONNABORTED };

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i] == error)
            return true;
    return false;
}

/* An IPV6_V6ONLY socket cannot connect to a mapped address. While it is not bound the option can be cleared,
 * for as long as the tunnel lives; connection_undo() sets it again. */
static bool allow_mapped(struct dial *dial)
{
    int only = 0, off = 0;
    socklen_t size = sizeof only;

    if (dial->net->getsockopt(dial->fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size) < 0 || !only)
        return false;
    dial->v6only = dial->net->setsockopt(dial->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0;
    return dial->v6only;
}

static bool replace(struct dial *dial)
{
    int result = dial->replace && !dial->replaced ? dial->replace(dial, DIAL_REACH_BOTH) : -EAFNOSUPPORT;

    dial->left = result == -EAGAIN;
    if (result < 0)
        return false;
    dial->replaced = true;
    dial->must_disconnect = dial->mapped = dial->v6only = false;
    return true;
}

static int call_connect(struct dial *dial, const struct sockaddr *address, socklen_t size)
{
    dial->connects++;
    if (dial->connect)
        return dial->connect(dial, address, size);
    return dial->net->connect(dial->fd, address, size) < 0 ? errno : 0;
}

/* connect(2) to a literal: 0, DIAL_IS_OVERTAKEN, or a positive errno, of which EINPROGRESS and EINTR mean that it
 * goes on. If only the socket stands in the way, changes it or has it replaced and tries once more. */
static int connect_to(struct dial *dial, const struct endpoint *to)
{
    struct sockaddr_storage address;
    socklen_t size = endpoint_to_sockaddr(to, dial->family, &address);
    bool mapped = dial->family == AF_INET6 && endpoint_is_v4(to);
    int error;

    if (size == 0)
        return EAFNOSUPPORT;
    dial_note(dial, "connecting to ", to, NULL);
    dial->reached = to->address;
    dial->reached_port = to->port;
    dial->mapped |= mapped; /* before: others may step the dial meanwhile, and undo it */
    error = call_connect(dial, (const struct sockaddr *)&address, size);
    if (error == DIAL_IS_OVERTAKEN)
        return error;
    if (error == ENETUNREACH && mapped && !dial->v6only && allow_mapped(dial))
        return connect_to(dial, to);
    if (dial->family == AF_INET6 && error == (mapped ? ENETUNREACH : EAFNOSUPPORT) && replace(dial))
        return connect_to(dial, to); /* it is bound to an address of the other family */
    if (error == 0 || error == EINPROGRESS || error == EINTR || speaks_of_the_way(error) || dial->v6only)
        dial->must_disconnect = true;
    dial->interrupted = error == EINTR;
    dial->in_progress = error == EINPROGRESS;
    return error;
}

bool connection_goes_on(int error)
{
    return error == 0 || error == EINPROGRESS || error == EINTR;
}

/* The errno of whatever keeps this socket from being connected, other than its family; 0: nothing. Found by
 * a connect(2) of AF_INET6 and the size of an IPv4 address on an IPv4 socket: the family is the last thing
 * that the kernel checks. */
static int complaint(const struct dial *dial)
{
    static const struct sockaddr_in wrong = { .sin_family = AF_INET6 };

    if (dial->net->connect(dial->fd, (const struct sockaddr *)&wrong, sizeof wrong) == 0)
        return EISCONN;
    return errno == EAFNOSUPPORT ? 0 : errno;
}

/* 0.0.0.0 and ::, which mean loopback to the kernel. */
static bool is_unspecified(const struct in6_addr *address)
{
    return IN6_IS_ADDR_UNSPECIFIED(address) || (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr32[3] == 0);
}

bool connection_is_ours(const struct dial *dial)
{
    struct sockaddr_storage peer;
    struct endpoint at;
    socklen_t size = sizeof peer;

    return dial->net->getpeername(dial->fd, (struct sockaddr *)&peer, &size) == 0 &&
           endpoint_from_sockaddr(&at, (struct sockaddr *)&peer, size) && at.port == dial->reached_port &&
           (memcmp(&at.address, &dial->reached, sizeof at.address) == 0 || is_unspecified(&dial->reached));
}

/* Replaces the socket first if it is of IPv4 and the address of IPv6. */
int connection_to_proxy(struct dial *dial, const struct endpoint *to)
{
    int before = dial->error, error;

    if (dial->family == AF_INET6 || endpoint_is_v4(to))
        return connect_to(dial, to);
    error = dial->must_disconnect ? 0 : complaint(dial);
    if (error)
        return error;
    if (replace(dial))
        return connect_to(dial, to);
    dial->must_disconnect = true; /* the socket could be connected, but not to this address */
    return before;
}

int connection_to_target(struct dial *dial)
{
    struct addresses list;
    struct endpoint address;
    unsigned number = 0;
    int error = EAFNOSUPPORT;

    if (!addresses_find(&list, &dial->target, dial->net))
        return EHOSTUNREACH;
    while (connection_find_address(dial, &list, &number, &address)) {
        if (connection_undo(dial) < 0)
            break;
        address.port = dial->target.port;
        error = connect_to(dial, &address);
        if (error == DIAL_IS_OVERTAKEN || connection_goes_on(error) || !dial->must_disconnect)
            break;
    }
    return error;
}
