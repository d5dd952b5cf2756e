#include "dial_words.h"

#include <errno.h>
#include <string.h>

enum { PEEK_SIZE = 2048, GO_ON = -1 };

void dial_start(struct dial *dial, const struct net *net, int fd, int family, const struct endpoint *target,
                struct route *route, const struct dial_limits *limits)
{
    *dial = (struct dial){
        .net = net,
        .route = route,
        .limits = limits,
        .fd = fd,
        .family = family,
        .first_family = family,
        .target = *target,
        .candidate = -1,
        .whole = deadline_in(limits->timeout),
        .attempt = deadline_never(),
    };
    /* Here, and not where it is sent: printing takes a good deal of stack, and so does a step. */
    endpoint_print(target, dial->authority);
}

/* Once a proxy has answered, be it that it is ill itself, its target is not reached in another way. */
static bool may_fall_back(const struct dial *dial)
{
    return dial->limits->fallback_direct && !dial->answered;
}

static bool has_alternative(const struct dial *dial)
{
    return may_fall_back(dial) || route_next(dial->route, dial->tried) >= 0;
}

struct deadline dial_deadline(const struct dial *dial)
{
    return deadline_earlier(dial->whole, dial->attempt);
}

int dial_disconnect(struct dial *dial)
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

void dial_put_back(struct dial *dial)
{
    if (dial->replaced && dial->replace(dial, DIAL_LIKE_FIRST) == 0)
        dial->replaced = dial->touched = dial->mapped = dial->v6only = false;
}

static int settle(struct dial *dial, enum dial_want result)
{
    if (result == DIAL_FAILED)
        dial_put_back(dial);
    dial->settled = result;
    if (result == DIAL_FAILED)
        dial_report(dial, LOG_FAILURE);
    else
        dial_report(dial, LOG_CONNECTION);
    dial->state = DIAL_STATE_SETTLED;
    return (int)result;
}

/* The attempt under way came to nothing: on with the next address or candidate. */
static int give_up(struct dial *dial, int error)
{
    int result;

    dial->error = error;
    dial->failed_in = dial->state;
    result = dial_disconnect(dial);
    /* A kernel that cannot go back while another thread waits on the socket: no failover there. */
    if (result < 0)
        return settle(dial, DIAL_FAILED);
    dial->state = DIAL_STATE_CONNECT;
    return GO_ON;
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

/* The first at or behind *number; *number is then one further. */
static bool find_address(const struct dial *dial, const struct addresses *list, unsigned *number,
                         struct endpoint *out)
{
    unsigned all = (unsigned)list->count * (dial->first_family == AF_INET6 || dial->replace ? 2 : 1);

    while (*number < all)
        if (pick_address(dial, list, (*number)++, out))
            return true;
    return false;
}

/* A black hole behind one address must not take the time of all others. */
static struct deadline attempt_deadline(const struct dial *dial, const struct addresses *list)
{
    struct endpoint another;
    unsigned number = dial->address;

    if (has_alternative(dial) || find_address(dial, list, &number, &another))
        return deadline_in(dial->limits->attempt);
    return deadline_never();
}

static bool next_address(struct dial *dial, struct endpoint *out)
{
    const struct addresses *list = candidate_addresses(dial_candidate(dial), dial->net);

    if (!list)
        dial->error = EHOSTUNREACH;
    else if (dial->address == 0)
        dial->error = EAFNOSUPPORT; /* stands if there is no address that this socket can use */
    if (!list || !find_address(dial, list, &dial->address, out))
        return false;
    out->port = dial_candidate(dial)->proxy.at.port;
    dial->attempt = attempt_deadline(dial, list);
    return true;
}

static bool next_candidate(struct dial *dial)
{
    int next = route_next(dial->route, dial->tried);

    if (dial->candidate >= 0) {
        if (dial->error != EAFNOSUPPORT) /* that speaks of the socket */
            candidate_failed(dial_candidate(dial));
        if (has_alternative(dial))
            dial_report(dial, LOG_CONNECTION);
    }
    if (next < 0)
        return false;
    dial->candidate = next;
    dial->address = 0;
    handshake_start(&dial->handshake); /* what the one before said was not said by this one */
    dial->tried |= UINT32_C(1) << next;
    dial->attempt = deadline_never(); /* until there is an address */
    return true;
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

static bool goes_on(int error)
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

/* connect_to() an address of the proxy, with another socket if this one is of IPv4 and the address is not. */
static int connect_to_proxy(struct dial *dial, const struct endpoint *to)
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

/* Without a proxy, at the first of the target's addresses that the kernel does not refuse at once. */
static int connect_to_target(struct dial *dial)
{
    struct addresses list;
    struct endpoint address;
    unsigned number = 0;
    int error = EAFNOSUPPORT;

    if (!addresses_find(&list, &dial->target, dial->net))
        return EHOSTUNREACH;
    while (find_address(dial, &list, &number, &address)) {
        if (dial_disconnect(dial) < 0)
            break;
        address.port = dial->target.port;
        error = connect_to(dial, &address);
        if (goes_on(error) || !dial->touched)
            break;
    }
    return error;
}

static int fall_back(struct dial *dial)
{
    dial->candidate = -1;
    dial->attempt = deadline_never();
    dial_put_back(dial);
    dial->replace = NULL; /* from here on all is as without us */
    if (dial->route->count > 0)
        dial_say_fallback(dial);
    dial->error = connect_to_target(dial);
    dial->state = DIAL_STATE_SETTLED;
    dial->settled = goes_on(dial->error) ? DIAL_DIRECT : DIAL_FAILED;
    return (int)dial->settled;
}

static int step_connect(struct dial *dial)
{
    struct endpoint address;
    int error;

    while (dial->candidate < 0 || !next_address(dial, &address))
        if (!next_candidate(dial))
            return may_fall_back(dial) ? fall_back(dial) : settle(dial, DIAL_FAILED);
    error = connect_to_proxy(dial, &address);
    if (!goes_on(error) && !dial->touched && !dial->replaced) {
        dial->error = error;
        dial->unusable = true; /* the program's own mistake: nothing to report */
        dial->settled = DIAL_FAILED;
        dial->state = DIAL_STATE_SETTLED;
        return DIAL_FAILED;
    }
    if (!goes_on(error))
        return give_up(dial, error);
    dial->sent = 0;
    dial->state = DIAL_STATE_SEND;
    return dial->interrupted ? DIAL_WANT_WRITE : GO_ON;
}

/* Whether the connection is made needs no question of its own: while it is not, send() says
 * EAGAIN. connect() is not called again, so that the program's own second call still meets the
 * kernel's "0 once, then EISCONN". */
static int step_send(struct dial *dial)
{
    char request[HANDSHAKE_REQUEST_SIZE];
    size_t size = handshake_request(request, dial->authority, &dial_candidate(dial)->proxy);
    ssize_t sent;

    do
        sent =
            dial->net->send(dial->fd, request + dial->sent, size - dial->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EAGAIN || errno == EALREADY))
        return DIAL_WANT_WRITE;
    if (sent < 0)
        return give_up(dial, errno == EPIPE || errno == ENOTCONN ? ECONNRESET : errno);
    dial->sent += (size_t)sent;
    if (dial->sent < size)
        return DIAL_WANT_WRITE;
    dial_note(dial, "connected, CONNECT is sent", NULL, NULL);
    candidate_answered(dial_candidate(dial));
    handshake_start(&dial->handshake);
    if (!has_alternative(dial)) /* this address is a good one: another of the same proxy would do no better */
        dial->attempt = deadline_never();
    dial->state = DIAL_STATE_READ;
    return DIAL_WANT_READ;
}

static int end_of_reply(struct dial *dial)
{
    const struct reply *reply = &dial->handshake.reply;

    dial_note(dial, "answered ", NULL, reply);
    if (dial->handshake.state == HANDSHAKE_OPEN) {
        dial->error = 0;
        return settle(dial, DIAL_OPEN);
    }
    dial->error = reply_error(reply);
    dial->answered = true;
    if (reply->proxy_ill && route_next(dial->route, dial->tried) >= 0) {
        dial->address = ADDRESSES_MOST * 2; /* its other addresses are the same proxy */
        return give_up(dial, dial->error);
    }
    return settle(dial, DIAL_FAILED);
}

/* Looks before it takes, unless there is room: what stands behind the head is the program's. A head that is
 * not whole is taken nevertheless, or poll() would spin on it and one larger than the receive buffer would
 * never end. */
static int step_read(struct dial *dial)
{
    char buffer[PEEK_SIZE];
    struct dial_room look = { .bytes = buffer, .size = sizeof buffer };
    struct dial_room *room = dial->room ? dial->room : &look;
    int peek = dial->room ? 0 : MSG_PEEK;
    ssize_t seen = dial->net->recv(dial->fd, room->bytes, room->size, peek | MSG_DONTWAIT);

    if (seen < 0 && errno == EINTR)
        return GO_ON;
    if (seen < 0 && errno == EAGAIN)
        return DIAL_WANT_READ;
    if (seen < 0) /* after a reset an MPTCP socket has no connection any more */
        return give_up(dial, errno == ENOTCONN ? ECONNRESET : errno);
    if (seen == 0)
        return give_up(dial, ECONNRESET);
    room->end = (size_t)seen;
    room->at = handshake_feed(&dial->handshake, room->bytes, room->end);
    if (peek && dial->handshake.state != HANDSHAKE_REFUSED &&
        dial->net->recv(dial->fd, room->bytes, room->at, MSG_DONTWAIT) < 0)
        return give_up(dial, errno);
    return dial->handshake.state >= HANDSHAKE_OPEN ? end_of_reply(dial) : GO_ON;
}

static int expire(struct dial *dial)
{
    if (!deadline_passed(dial->whole))
        return give_up(dial, ETIMEDOUT);
    dial->error = ETIMEDOUT;
    dial->failed_in = dial->state;
    if (dial->candidate >= 0)
        candidate_failed(dial_candidate(dial));
    return settle(dial, DIAL_FAILED);
}

enum dial_want dial_step(struct dial *dial)
{
    static int (*const steps[])(struct dial * dial) = {
        [DIAL_STATE_CONNECT] = step_connect,
        [DIAL_STATE_SEND] = step_send,
        [DIAL_STATE_READ] = step_read,
    };
    int want = GO_ON;

    if (dial->state == DIAL_STATE_SETTLED)
        return dial->settled;
    while (want == GO_ON) {
        want = steps[dial->state](dial);
        /* Looked at behind the step: a program that comes late still finds the answer that came in time. */
        if ((want == DIAL_WANT_WRITE || want == DIAL_WANT_READ) && deadline_passed(dial_deadline(dial)))
            want = expire(dial);
    }
    return (enum dial_want)want;
}
