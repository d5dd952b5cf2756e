#include "connect.h"
#include "datagrams.h"
#include "hold.h"
#include "look.h"
#include "space.h"
#include "takeover.h"
#include "supervisor.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

enum { LATER = -1 }; /* the call is answered when there is a result */

struct call {
    struct supervisor *s;
    const struct notice *notice;
    int fd;
    bool blocks;
    union {
        struct sockaddr any;
        struct sockaddr_storage whole;
        union address address;
    } to;
    socklen_t size;
    uint64_t cookie;
    struct known *known; /* NULL: nothing is known */
    struct endpoint target;
};

/* The kernel's own connect(), where it cannot wait: on a socket that does not block, or with an address that it does not
 * take. */
static int as_asked(struct call *call)
{
    return socket_connect(call->fd, &call->to, call->size);
}

static struct known *make_known(struct call *call)
{
    if (!call->known)
        call->known = sockets_make(&call->s->sockets, call->cookie);
    return call->known;
}

static int hold(struct call *call, const struct held_target *to)
{
    int error = make_known(call) ? hold_begin(call->s, call->known, call->notice, call->fd, to) : ENOMEM;

    return error ? error : LATER;
}

/* The kernel's own connect(), which may wait. */
static int direct(struct call *call)
{
    if (call->known && call->known->mapped && call->to.any.sa_family == AF_INET6 &&
        !IN6_IS_ADDR_V4MAPPED(&call->to.address.v6.sin6_addr))
        socket_unmap(call->fd);
    return call->blocks ? hold(call, &(struct held_target){ .address = &call->to, .size = call->size })
                        : as_asked(call);
}

/* connect(AF_UNSPEC): the program takes the socket back, whatever is under way. */
static int take_back(struct call *call)
{
    struct known *known = call->known;
    int error;

    if (known && known->hold)
        hold_give_up(call->s, known);
    error = as_asked(call);
    if (!known || error)
        return error;
    if (known->gate)
        gate_end(known->gate);
    known->state = SOCKET_IDLE;
    known->zero_due = false;
    known->asked.any.sa_family = known->server.any.sa_family = AF_UNSPEC;
    return 0;
}

/* At the gate: EALREADY, or wait; once it is open 0, which the kernel says itself, once. */
static int again_at_gate(struct call *call)
{
    struct gate *gate = call->known->gate;
    int far = gate->far;

    if (gate->state == GATE_DIALS || gate->state == GATE_OPENS) {
        if (!call->blocks)
            return EALREADY;
        return hold_join(call->s, call->known, call->notice, call->fd) == 0 ? LATER : ENOMEM;
    }
    if (takeover(gate, call->notice, call->fd))
        return socket_connect_again(far);
    gate_relay(gate);
    return socket_connect_again(call->fd);
}

/* The kernel's own error, which is a refusal whatever it was, is taken away. */
static int again_after_failure(struct call *call)
{
    struct known *known = call->known;

    socket_take_back(call->fd);
    known->state = SOCKET_IDLE;
    known->refused = false;
    return known->error;
}

/* A call on a socket with something under way or still to be told. */
static bool asked_again(struct call *call, int *result)
{
    struct known *known = call->known;

    if (known && known->gate)
        gate_look(known->gate); /* which may find that the program has given it up */
    if (!known)
        return false;
    if (known->gate)
        *result = again_at_gate(call);
    else if (known->state == SOCKET_HELD)
        *result = !call->blocks                                            ? EALREADY
                  : hold_join(call->s, known, call->notice, call->fd) == 0 ? LATER
                                                                           : ENOMEM;
    else if (known->state == SOCKET_FAILED)
        *result = again_after_failure(call);
    else if (known->zero_due)
        *result = known->zero_due = false;
    else
        return false;
    return true;
}

static void say(const struct endpoint *target, const char *words)
{
    char buffer[LOG_LINE_SIZE], authority[ENDPOINT_TEXT_SIZE];
    struct text line = text_in(buffer, sizeof buffer);
    uint64_t subject = 0;

    endpoint_print(target, authority);
    for (const char *c = authority; *c; c++)
        subject = subject * 31 + (unsigned char)*c;
    text_add(&line, authority);
    text_add(&line, words);
    log_failure(subject, &line);
}

/* As the kernel would say it: fields without a meaning are 0, and the unspecified address is loopback. */
static union address peer_of(const struct call *call)
{
    union address peer = { .any.sa_family = AF_UNSPEC };
    struct sockaddr_storage address;
    struct endpoint asked;

    if (!endpoint_from_sockaddr(&asked, &call->to.any, call->size))
        return peer;
    if (!endpoint_is_link_local(&asked))
        asked.scope = 0;
    if (endpoint_to_sockaddr(&asked, call->to.any.sa_family, &address) > 0)
        memcpy(&peer, &address, sizeof peer);
    return peer;
}

static bool is_strict(const struct supervisor *s)
{
    return s->maker != SPACE_NONE;
}

/* Neither can it be connected to the proxy yet, or it would be ready too early; nor can it be at all, from the command's
 * own network. */
static int cannot_wait(const struct call *call)
{
    say(&call->target,
        is_strict(call->s)
            ? ": a socket of MPTCP, or bound to an interface, cannot be supervised with --strict"
            : ": a non-blocking socket of MPTCP, or bound to an interface, cannot be supervised");
    return ENETUNREACH;
}

static int tunnel(struct call *call, struct route *route)
{
    union address asked = peer_of(call);
    struct held_target held = { &call->target, route, &call->to, call->size, &asked };
    struct gate_target gated = { &call->target, route, &asked };
    int error;

    if (!make_known(call))
        return ENOMEM;
    error = gate_begin(call->s, call->known, call->notice, call->fd, &gated);
    if (error == EOPNOTSUPP)
        return call->blocks && !is_strict(call->s) ? hold(call, &held) : cannot_wait(call);
    return error == EINPROGRESS && call->blocks ? LATER : error;
}

/* The kernel plays it; on a socket that blocks nothing is left of it afterwards. */
static int reject(const struct call *call)
{
    if (!socket_is_unconnected(call->fd))
        return socket_connect_again(call->fd);
    if (call->blocks)
        return ECONNREFUSED;
    socket_refuse(call->fd, call->known && call->known->mapped);
    return EINPROGRESS;
}

static int stream(struct call *call)
{
    struct supervisor *s = call->s;
    bool stand_in = names_ranges_have(config_stand_ins(s->config), &call->target);
    struct decision decision;

    if (stand_in && names_of_stand_in(s->names, &call->target) < 0) {
        say(&call->target, ": no name is known that this stand-in address means; look the name up again");
        return EHOSTUNREACH;
    }
    decision = config_decide(s->config, &call->target);
    switch (decision.verdict) {
    case VERDICT_REJECT:
        return reject(call);
    case VERDICT_TUNNEL:
        return tunnel(call, decision.route);
    default: /* this machine, from within a network of its own, is that network */
        return stand_in || (is_strict(s) && decision.reason != REASON_LOCAL) ? tunnel(call, &s->no_route)
                                                                             : direct(call);
    }
}

/* SO_NETNS_COOKIE; 0: the kernel does not tell. */
static uint64_t network_of(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;

    return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

/* A socket that the command was given by who started it. */
static bool is_outside(const struct call *call)
{
    return call->s->outside && network_of(call->fd) == call->s->outside;
}

/* A socket of another network than the command's is connected there, if at all: we have no way into it. */
static bool is_elsewhere(const struct call *call)
{
    uint64_t network = call->s->network ? network_of(call->fd) : 0;

    return network && network != call->s->network;
}

static bool is_tcp(int fd)
{
    int protocol = socket_option(fd, SOL_SOCKET, SO_PROTOCOL);

    return protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP;
}

/* An address that the kernel does not take, which it says at once but on a socket that is being connected. */
static int wrong_address(struct call *call)
{
    return call->blocks && !socket_is_unconnected(call->fd) ? direct(call) : as_asked(call);
}

static int decide(struct call *call)
{
    int type = socket_option(call->fd, SOL_SOCKET, SO_TYPE), result;
    bool is_stream = type == SOCK_STREAM && is_tcp(call->fd);

    if (is_outside(call))
        return ENETUNREACH; /* by it the command would leave its own */
    if (call->size >= sizeof(sa_family_t) && call->to.any.sa_family == AF_UNSPEC)
        return take_back(call);
    if (is_stream && asked_again(call, &result))
        return result; /* whatever the address */
    if (call->to.any.sa_family != socket_option(call->fd, SOL_SOCKET, SO_DOMAIN) ||
        !endpoint_from_sockaddr(&call->target, &call->to.any, call->size))
        return is_stream ? wrong_address(call) : as_asked(call);
    if (is_elsewhere(call))
        return direct(call);
    if (is_stream)
        return stream(call);
    if (type == SOCK_DGRAM)
        return datagrams_connect(call->s, call->fd, &call->to.any, call->size);
    return direct(call);
}

/* The kernel takes the whole address before it looks at any part of it. */
static int read_address(struct call *call)
{
    int size = (int)call->notice->arguments[2];

    if (size < 0 || size > (int)sizeof call->to.whole)
        return EINVAL;
    call->size = (socklen_t)size;
    return look_read(call->notice->thread, call->notice->arguments[1], &call->to, call->size) ? 0 : EFAULT;
}

void connect_answer(struct supervisor *s, const struct notice *notice, int fd)
{
    struct call call = {
        .s = s, .notice = notice, .fd = fd, .blocks = socket_blocks(fd), .cookie = socket_cookie(fd)
    };
    int error = read_address(&call);

    if (!notify_waits(s->listener, notice->id))
        return;
    call.known = sockets_find(&s->sockets, call.cookie);
    if (!error)
        error = decide(&call);
    if (error != LATER)
        notify_answer(s->listener, notice->id, -error);
}

/* Services that look names up for whoever asks, past the supervisor: nscd(8), nss-resolve(8), nss-mdns. */
static const char *const resolvers[] = {
    "/var/run/nscd/socket",
    "/run/nscd/socket",
    "/run/systemd/resolve/io.systemd.Resolve",
    "/run/avahi-daemon/socket",
    "/var/run/avahi-daemon/socket",
};

static bool is_resolver(const char *path)
{
    for (size_t i = 0; i < sizeof resolvers / sizeof *resolvers; i++)
        if (strcmp(path, resolvers[i]) == 0)
            return true;
    return false;
}

void connect_answer_local(struct supervisor *s, const struct notice *notice)
{
    struct {
        struct sockaddr_un at;
        char end; /* of a path that fills it */
    } address = { .end = '\0' };
    int size = (int)notice->arguments[2];

    if (is_strict(s) && size > 0 && size <= (int)sizeof address.at &&
        look_read(notice->thread, notice->arguments[1], &address, (size_t)size) &&
        address.at.sun_family == AF_UNIX && is_resolver(address.at.sun_path))
        notify_answer(s->listener, notice->id, -ENOENT);
    else
        notify_pass(s->listener, notice->id);
}
