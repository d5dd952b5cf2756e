/* How a socket comes to the gate, and the dial that it waits for. */
#include "gate.h"
#include "drive.h"
#include "supervisor.h"
#include "../common/libc_net.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the dial --- */

static void step(struct gate *gate)
{
    enum dial_want want = dial_step(gate->dial);

    if (gate->dial->fd != gate->far) {
        gate->far = gate->dial->fd;
        loop_watch(&gate->s->loop, gate->far, GATE_EVENTS, &gate->far_watch);
    }
    if (want == DIAL_OPEN)
        gate_settle(gate, 0);
    else if (want == DIAL_FAILED)
        gate_settle(gate, gate->dial->error);
    else
        loop_set_timer(&gate->s->gates.deadlines, dial_deadline(gate->dial));
}

static void far_ready(struct watch *watch, uint32_t events)
{
    struct gate *gate = owner_of(watch, struct gate, far_watch);

    if (gate->state == GATE_DIALS)
        step(gate);
    else if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        gate_peer_spoke(gate);
}

static void run(struct work *work)
{
    struct gate *gate = owner_of(work, struct gate, work);

    gate->error = drive(gate->dial, -1, &gate->given_up);
}

static void done(struct work *work)
{
    struct gate *gate = owner_of(work, struct gate, work);

    gate->in_thread = false;
    gate->far = gate->dial->fd;
    if (gate->state != GATE_ENDED) {
        gate_settle(gate, gate->error);
        return;
    }
    close(gate->far);
    gate->far = -1;
    loop_set_timer_now(&gate->s->gates.reaper);
}

static void meet_deadlines(struct timer *timer)
{
    struct gates *gates = owner_of(timer, struct gates, deadlines);
    struct link *next;

    for (struct link *at = gates->dialing.next; at != &gates->dialing; at = next) {
        struct gate *gate = owner_of(at, struct gate, link);

        next = at->next;
        if (gate->in_thread)
            continue;
        if (deadline_passed(dial_deadline(gate->dial)))
            step(gate);
        else
            loop_set_timer(timer, dial_deadline(gate->dial));
    }
}

void gates_start(struct supervisor *s)
{
    struct gates *gates = &s->gates;

    list_start(&gates->dialing);
    list_start(&gates->open);
    list_start(&gates->others);
    list_start(&gates->ended);
    loop_add_timer(&s->loop, &gates->deadlines, meet_deadlines);
    loop_add_timer(&s->loop, &gates->graces, gate_meet_graces);
    loop_add_timer(&s->loop, &gates->reaper, gate_reap);
}

/* --- the beginning --- */

static bool is_of_an_interface(const union address *address)
{
    struct endpoint endpoint;

    return endpoint_from_sockaddr(&endpoint, &address->any, socket_address_size(address)) &&
           !endpoint_is_loopback(&endpoint); /* which the unspecified address counts as */
}

/* The tunnel's socket, for the family of A; where A was bound to an address, bound to that. */
static int open_far(int family, const union address *bound)
{
    union address at = *bound;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    at.v4.sin_port = 0; /* A has the port; in both families it stands at the same place */
    if (is_of_an_interface(&at))
        bind(fd, &at.any, socket_address_size(&at));
    return fd;
}

/* A socket of IPv6 in place of one that cannot reach the proxy. */
static int replace(struct dial *dial, enum dial_socket kind)
{
    int fd = kind == DIAL_REACH_BOTH && dial->family == AF_INET
                 ? socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
                 : -1;

    if (fd < 0)
        return -EAFNOSUPPORT;
    close(dial->fd);
    dial->fd = fd;
    dial->family = AF_INET6;
    return 0;
}

static union address name_of(int fd)
{
    union address name = { .any.sa_family = AF_UNSPEC };
    socklen_t size = sizeof name;

    getsockname(fd, &name.any, &size);
    return name;
}

/* As S, of the door's family, has to say it. */
static void map_name(union address *name)
{
    union address v4 = { .v4 = { .sin_family = AF_INET, .sin_port = name->v6.sin6_port } };

    memcpy(&v4.v4.sin_addr, name->v6.sin6_addr.s6_addr + 12, 4);
    *name = v4;
}

/* Into SYN_SENT. EINPROGRESS, or what the kernel has against it. */
static int go_to_door(struct gate *gate, int fd, int family, bool mapped)
{
    struct gates *gates = &gate->s->gates;
    struct door *door = mapped || family == AF_INET ? &gates->v4 : &gates->v6;
    union address at;
    int error = door_make(door, gate->s->maker, door == &gates->v4 ? AF_INET : AF_INET6), off = 0;

    if (error)
        return error;
    at = door->at;
    if (mapped) {
        at.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = door->at.v4.sin_port };
        memset(at.v6.sin6_addr.s6_addr + 10, 0xff, 2);
        memcpy(at.v6.sin6_addr.s6_addr + 12, &door->at.v4.sin_addr, 4);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &off, sizeof off); /* it would not even send a SYN */
    error = socket_begin_connect(fd, &at, socket_address_size(&at));
    gate->door = door;
    gate->mapped = mapped;
    gate->name = name_of(fd);
    if (mapped && error == EINPROGRESS)
        map_name(&gate->name);
    return error;
}

/* A target of IPv4 keeps an IPv6 socket at IPv4's door, as natively; without IPv6 loopback so does any. */
static int wait_at_door(struct gate *gate, struct known *known, int fd, const union address *asked)
{
    int family = socket_option(fd, SOL_SOCKET, SO_DOMAIN), error;
    bool mapped = family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&asked->v6.sin6_addr);

    if (known->mapped && !mapped)
        socket_unmap(fd);
    error = go_to_door(gate, fd, family, mapped);
    if (family == AF_INET6 && !mapped &&
        (error == EADDRNOTAVAIL || error == ENETUNREACH || error == EAFNOSUPPORT))
        error = go_to_door(gate, fd, family, true);
    return error;
}

static struct gate *make(struct supervisor *s, const struct notice *notice, uint64_t cookie)
{
    struct gate *gate = calloc(1, sizeof *gate);

    if (gate)
        gate->dial = malloc(sizeof *gate->dial);
    if (!gate || !gate->dial) {
        free(gate);
        return NULL;
    }
    gate->s = s;
    gate->cookie = cookie;
    gate->far_watch.ready = far_ready;
    gate->near_watch.ready = gate_near_ready;
    gate->work = (struct work){ .run = run, .done = done };
    gate->near = gate->far = -1;
    gate->thread = notice->thread;
    gate->number = (int)notice->arguments[0];
    list_add(&s->gates.dialing, &gate->link);
    return gate;
}

static void start_dial(struct gate *gate, int family, const struct endpoint *target, struct route *route)
{
    struct supervisor *s = gate->s;
    const struct dial_limits *limits = route->count ? config_limits(s->config) : &s->direct_limits;

    dial_start(gate->dial, &libc_net, gate->far, family, target, route, limits);
    gate->dial->replace = replace;
    gate->in_thread = drive_wanted(route, limits);
    if (gate->in_thread && work_start(&s->works, &gate->work) < 0) {
        gate->in_thread = false;
        gate_settle(gate, ENOBUFS);
    }
    if (gate->in_thread || gate->state != GATE_DIALS)
        return;
    step(gate);
    if (gate->state == GATE_DIALS)
        loop_watch(&s->loop, gate->far, GATE_EVENTS, &gate->far_watch);
}

/* The door is on loopback, and no way leads there from any other interface. */
static bool is_bound_to_device(int fd)
{
    char device[IF_NAMESIZE] = "";
    socklen_t size = sizeof device;

    return getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &size) == 0 && size > 0 && device[0] &&
           strcmp(device, "lo") != 0;
}

int gate_begin(struct supervisor *s, struct known *known, const struct notice *notice, int fd,
               const struct gate_target *to)
{
    int family = socket_option(fd, SOL_SOCKET, SO_DOMAIN), error;
    union address bound = name_of(fd);
    struct stat status;
    struct gate *gate;

    /* MPTCP knows no simultaneous open; on one that is being connected, and blocks, we would wait. */
    if (is_bound_to_device(fd) || socket_option(fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP ||
        (socket_blocks(fd) && socket_is_connecting(fd)))
        return EOPNOTSUPP;
    gate = make(s, notice, known->cookie);
    if (!gate)
        return ENOMEM;
    gate->far = open_far(family, &bound);
    error = gate->far < 0 ? ENOBUFS : wait_at_door(gate, known, fd, to->asked);
    if (error != EINPROGRESS) {
        gate_end(gate);
        return error;
    }
    if (fstat(fd, &status) == 0)
        gate->inode = status.st_ino;
    known->gate = gate;
    known->state = SOCKET_GATED;
    gate->asked = *to->asked;
    if (socket_blocks(fd) && !waiters_add(&s->waiters, notice, known->cookie, fd, EINPROGRESS))
        error = ENOMEM;
    start_dial(gate, family, to->target, to->route);
    return error;
}
