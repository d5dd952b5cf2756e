#include "connection.h"
#include "dial_words.h"

#include <errno.h>

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

    if (!dial->touched)
        return 0;
    if (dial->net->connect(dial->fd, &unspecified, sizeof unspecified) < 0)
        return -errno;
    if (dial->mapped)
        dial->net->connect(dial->fd, (const struct sockaddr *)&cure, sizeof cure);
    if (dial->v6only)
        dial->net->setsockopt(dial->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    dial->touched = dial->mapped = dial->v6only = false;
    return 0;
}

/* The addresses in order of preference: those of the first socket's family, then those that it reaches
 * mapped, or another socket in its place. */
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

/* connect(2) said something of the proxy or of the way there, not of the socket. */
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

/* A socket that is IPV6_V6ONLY cannot go to a mapped address. While it is unbound that can be undone for as
 * long as the tunnel lives; dial_disconnect() puts it back. */
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
    if (!dial->replace || dial->replaced || dial->replace(dial, DIAL_REACH_BOTH) < 0)
        return false;
    dial->replaced = true;
    dial->touched = dial->mapped = dial->v6only = false;
    return true;
}

/* connect(2) to a literal; 0 or a positive errno. EINPROGRESS and EINTR mean that it goes on. */
static int connect_to(struct dial *dial, const struct endpoint *to)
{
    struct sockaddr_storage address;
    socklen_t size = endpoint_to_sockaddr(to, dial->family, &address);
    bool mapped = dial->family == AF_INET6 && endpoint_is_v4(to);
    int error = 0;

    if (size == 0)
        return EAFNOSUPPORT;
    dial_note(dial, "connecting to ", to, NULL);
    dial->reached = to->address;
    if (dial->net->connect(dial->fd, (const struct sockaddr *)&address, size) < 0)
        error = errno;
    if (error == ENETUNREACH && mapped && !dial->v6only && allow_mapped(dial))
        return connect_to(dial, to);
    if (dial->family == AF_INET6 && error == (mapped ? ENETUNREACH : EAFNOSUPPORT) && replace(dial))
        return connect_to(dial, to); /* it was bound to an address of the other kind */
    if (error == 0 || error == EINPROGRESS || error == EINTR || speaks_of_the_way(error) || dial->v6only) {
        dial->touched = true;
        dial->mapped |= mapped;
    }
    dial->interrupted = error == EINTR;
    dial->in_progress = error == EINPROGRESS;
    return error;
}

bool connection_goes_on(int error)
{
    return error == 0 || error == EINPROGRESS || error == EINTR;
}

/* What the kernel has against a socket, other than the family: an address of the wrong one, as short as IPv4
 * has it, is the last thing that it complains about. */
static int complaint(const struct dial *dial)
{
    static const struct sockaddr_in wrong = { .sin_family = AF_INET6 };

    if (dial->net->connect(dial->fd, (const struct sockaddr *)&wrong, sizeof wrong) == 0)
        return EISCONN;
    return errno == EAFNOSUPPORT ? 0 : errno;
}

/* With another socket if this one is of IPv4 and the address is not. */
int connection_to_proxy(struct dial *dial, const struct endpoint *to)
{
    int before = dial->error, error;

    if (dial->family == AF_INET6 || endpoint_is_v4(to))
        return connect_to(dial, to);
    error = dial->touched ? 0 : complaint(dial);
    if (error)
        return error;
    if (replace(dial))
        return connect_to(dial, to);
    dial->touched = true; /* it could be connected, only not there */
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
        if (connection_goes_on(error) || !dial->touched)
            break;
    }
    return error;
}
