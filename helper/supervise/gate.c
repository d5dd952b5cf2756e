#include "gate.h"
#include "drive.h"
#include "look.h"
#include "takeover.h"
#include "supervisor.h"
#include "tell.h"
#include "../common/libc_net.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How long a program may take to ask for the result before it is taken for one that never asks, once its peer has
 * spoken. */
enum { GRACE = 100 }; /* ms */

/* So many descriptors are looked at for a duplicate. */
enum { DUPLICATE_MOST = 64 };

static struct known *known_of(struct gate *gate)
{
    return sockets_find(&gate->s->sockets, gate->cookie);
}

/* Its descriptors are closed or somebody else's; an event for it may have been fetched already, and its thread may
 * still be dialling. */
static void leave(struct gate *gate)
{
    struct known *known = known_of(gate);

    if (known && known->gate == gate) {
        known->gate = NULL;
        if (known->state == SOCKET_GATED)
            known->state = SOCKET_IDLE;
    }
    gate->state = GATE_ENDED;
    atomic_store(&gate->given_up, true);
    list_move(&gate->s->gates.ended, &gate->link);
    loop_set_timer_now(&gate->s->gates.reaper);
}

static void close_far(struct gate *gate)
{
    if (gate->far >= 0)
        close(gate->far);
    gate->far = -1;
}

void gate_end(struct gate *gate)
{
    gate_end_with(gate, EPIPE);
}

bool gate_end_with(struct gate *gate, int error)
{
    struct waiter *waiter;
    bool told = false;

    if (gate->state == GATE_ENDED)
        return false;
    while ((waiter = waiters_take(&gate->s->waiters, gate->cookie)) != NULL) {
        told |= tell_result(gate->s, &waiter->notice, error);
        free(waiter);
    }
    leave(gate);
    if (gate->near >= 0) {
        loop_forget(&gate->s->loop, gate->near); /* who made it may have it still, see space.h */
        close(gate->near);
    }
    gate->near = -1;
    if (!gate->in_thread) /* else it is the thread's until that is done */
        close_far(gate);
    return told;
}

void gate_reap(struct timer *timer)
{
    struct gates *gates = owner_of(timer, struct gates, reaper);
    struct link *next;

    for (struct link *at = gates->ended.next; at != &gates->ended; at = next) {
        struct gate *gate = owner_of(at, struct gate, link);

        next = at->next;
        if (gate->in_thread)
            continue;
        list_remove(&gate->link);
        free(gate->dial);
        free(gate);
    }
}

void gate_relay(struct gate *gate)
{
    bool shared = gate->state == GATE_PLACED;

    loop_forget(&gate->s->loop, gate->near);
    loop_forget(&gate->s->loop, gate->far);
    relay_join(&gate->s->relays, gate->near, gate->far, shared);
    gate->near = gate->far = -1;
    leave(gate);
}

/* --- A is refused --- */

/* A again, of which no duplicate was kept; a negative errno: it is gone, or another process has it. */
static int take_again(const struct gate *gate)
{
    pid_t process;
    int fd = look_take(gate->thread, gate->number);

    if (fd >= 0 && socket_cookie(fd) == gate->cookie)
        return fd;
    if (fd >= 0)
        close(fd);
    process = look_process(gate->thread);
    fd = process < 0 ? -ESRCH : look_for_socket(process, gate->inode, -1, INT_MAX);
    if (fd >= 0)
        fd = look_take(process, fd);
    if (fd >= 0 && socket_cookie(fd) != gate->cookie) {
        close(fd);
        fd = -EBADF;
    }
    return fd;
}

/* Whether a call of connect() waits, of those that do not wait any more none is kept. */
static bool somebody_waits(struct gate *gate)
{
    struct waiters *waiters = &gate->s->waiters;
    struct waiter *waiter = waiters_find(waiters, gate->cookie);

    while (waiter && !notify_waits(gate->s->listener, waiter->notice.id)) {
        free(waiters_take(waiters, gate->cookie));
        waiter = waiters_find(waiters, gate->cookie);
    }
    return waiter != NULL;
}

/* As the kernel leaves a socket on which connect() waited and failed. */
static bool tell_refusal(struct gate *gate, int fd, int error)
{
    struct waiter *waiter;
    bool told = false;

    socket_take_back(fd);
    while ((waiter = waiters_take(&gate->s->waiters, gate->cookie)) != NULL) {
        told |= tell_result(gate->s, &waiter->notice, error);
        free(waiter);
    }
    return told;
}

/* As the kernel leaves one on which it failed later. It knows no other way there than a refusal, so that another
 * errno is told by us, see answers.h. */
static void keep_refusal(struct gate *gate, int fd, int error)
{
    struct known *known = known_of(gate);

    socket_take_back(fd);
    socket_refuse(fd, gate->mapped);
    if (!known)
        return;
    known->state = SOCKET_FAILED;
    known->refused = fd >= 0;
    known->error = error;
}

static void refuse(struct gate *gate, int error)
{
    struct known *known = known_of(gate);
    int fd = take_again(gate);

    if (known) {
        known->mapped |= gate->mapped;
        known->asked.any.sa_family = AF_UNSPEC;
    }
    if (!somebody_waits(gate) || !tell_refusal(gate, fd, error))
        keep_refusal(gate, fd, error);
    if (fd >= 0)
        close(fd);
    gate_end(gate);
}

/* --- A is connected --- */

/* A duplicate of A would be left behind, and might only ever be read from; and so would be who waits on it. */
static bool has_duplicate(const struct gate *gate, const struct notice *notice)
{
    return gate->is_used ||
           look_for_socket(notice->thread, gate->inode, (int)notice->arguments[0], DUPLICATE_MOST) >= 0;
}

/* Who waits in connect() gets the kernel's "0, and then EISCONN": that 0, too. */
static void answer_waiter(struct gate *gate, const struct notice *notice, int fd)
{
    int far = gate->far;
    bool taken = !has_duplicate(gate, notice) && takeover(gate, notice, fd);

    if (!taken && !notify_waits(gate->s->listener, notice->id))
        return;
    socket_connect_again(taken ? far : fd);
    if (!taken)
        gate_relay(gate);
    tell_result(gate->s, notice, 0);
}

/* Those that blocked. Whoever has left for a signal's handler asks again. */
static void answer_waiters(struct gate *gate)
{
    while (gate->state != GATE_ENDED && somebody_waits(gate)) {
        struct waiter *waiter = waiters_take(&gate->s->waiters, gate->cookie);
        int fd = look_take(waiter->notice.thread, (int)waiter->notice.arguments[0]);

        if (fd >= 0 && socket_cookie(fd) == gate->cookie)
            answer_waiter(gate, &waiter->notice, fd);
        else
            tell_result(gate->s, &waiter->notice, 0);
        if (fd >= 0)
            close(fd);
        free(waiter);
    }
}

static void open_now(struct gate *gate)
{
    struct known *known = known_of(gate);

    if (known)
        known->asked = gate->asked;
    gate->state = GATE_OPEN;
    list_move(&gate->s->gates.open, &gate->link);
    gate->grace = deadline_in(GRACE);
    loop_set_timer(&gate->s->gates.graces, gate->grace);
    loop_watch(&gate->s->loop, gate->far, EPOLLIN | EPOLLRDHUP | EPOLLET, &gate->far_watch);
    answer_waiters(gate);
    if (gate->s->reserved == 0 && gate->state == GATE_OPEN)
        gate_relay(gate); /* nothing is ever placed here */
}

/* -EAGAIN: A is silent. 0: it was closed; 1: it has spoken. */
static int seen_near(const struct gate *gate)
{
    char byte;
    ssize_t seen = recv(gate->near, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return seen < 0 ? -errno : (int)seen;
}

void gate_look(struct gate *gate)
{
    struct pollfd near = { .fd = gate->near, .events = POLLOUT };
    int seen;

    if (gate->state == GATE_OPENS && poll(&near, 1, 0) == 1) {
        if (near.revents & (POLLERR | POLLHUP))
            gate_end(gate); /* our SYN met a reset */
        else
            open_now(gate);
    }
    if (gate->state != GATE_OPEN && gate->state != GATE_PLACED)
        return;
    seen = seen_near(gate);
    if (seen == -EAGAIN || seen == -EINTR)
        return;
    if (gate->state == GATE_PLACED && seen <= 0)
        gate_end(gate); /* A's last duplicate is closed */
    else
        gate_relay(gate);
}

void gate_near_ready(struct watch *watch, uint32_t events)
{
    struct gate *gate = owner_of(watch, struct gate, near_watch);

    (void)events;
    if (gate->state != GATE_ENDED)
        gate_look(gate);
}

static void connect_back(struct gate *gate)
{
    const struct waiter *waiter = waiters_find(&gate->s->waiters, gate->cookie);

    /* afterwards they would be awake, for a moment */
    gate->is_used = waiter && look_uses(waiter->notice.thread, (int)waiter->notice.arguments[0]);
    loop_forget(&gate->s->loop, gate->far);
    gate->near = door_connect_back(gate->door, &gate->name);
    if (gate->near < 0) {
        refuse(gate, gate->near == -ECONNREFUSED ? ECONNABORTED : -gate->near);
        return;
    }
    gate->state = GATE_OPENS;
    list_move(&gate->s->gates.others, &gate->link);
    loop_watch(&gate->s->loop, gate->near, GATE_EVENTS, &gate->near_watch);
    gate_look(gate);
}

void gate_settle(struct gate *gate, int error)
{
    if (error)
        refuse(gate, error);
    else
        connect_back(gate);
}

/* Who has not asked by now, while its peer has spoken, never will. */
void gate_meet_graces(struct timer *timer)
{
    struct gates *gates = owner_of(timer, struct gates, graces);
    struct link *next;

    for (struct link *at = gates->open.next; at != &gates->open; at = next) {
        struct gate *gate = owner_of(at, struct gate, link);

        next = at->next;
        if (!deadline_passed(gate->grace))
            loop_set_timer(timer, gate->grace);
        else if (gate->peer_spoke)
            gate_relay(gate);
    }
}

void gate_peer_spoke(struct gate *gate)
{
    if (gate->state != GATE_OPEN)
        return;
    gate->peer_spoke = true;
    if (deadline_passed(gate->grace))
        gate_relay(gate);
}
