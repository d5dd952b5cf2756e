#include "relay.h"
#include "../common/libc_net.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room to write is asked for only when there was none: it would be reported at once, for nothing. */
static const uint32_t to_read = EPOLLIN | EPOLLRDHUP | EPOLLET;
static const uint32_t to_write = EPOLLOUT | EPOLLET;

/* Closes so that the peer sees a reset, as it would have without us. What it has not yet received would be
 * lost by that: then the end of file must do. */
static void reset(int fd)
{
    static const struct linger at_once = { .l_onoff = 1 };
    int unsent = 0;

    if (ioctl(fd, SIOCOUTQ, &unsent) == 0 && unsent == 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

static void close_ends(const struct tunnel *tunnel)
{
    int far = tunnel->out.to, near = tunnel->out.from;

    if (tunnel->broken) {
        reset(far);
        reset(near);
    } else {
        close(far);
        close(near);
    }
    if (tunnel->in.to != near && tunnel->in.to >= 0)
        close(tunnel->in.to);
}

static bool is_broken(const struct tunnel *tunnel)
{
    return tunnel->state != TUNNEL_RELAYS || tunnel->in.from_lost || tunnel->in.to_lost ||
           tunnel->out.from_lost || tunnel->out.to_lost;
}

static void free_dial(struct tunnel *tunnel)
{
    struct tunnels *all = tunnel->all;

    free(tunnel->dial);
    tunnel->dial = NULL;
    if (list_is_empty(&all->dialing))
        all->next_deadline.at = deadline_never(); /* nobody is woken for nothing */
}

static void end_tunnel(struct tunnel *tunnel)
{
    struct tunnels *all = tunnel->all;

    tunnel->broken = is_broken(tunnel);
    tunnel->state = TUNNEL_ENDED;
    list_move(&all->ended, &tunnel->link);
    free_dial(tunnel);
    flow_lose_to(&tunnel->in, &all->buffers);
    flow_lose_to(&tunnel->out, &all->buffers);
    close_ends(tunnel);
    timer_set_now(&all->reaper);
    all->count--;
    all->on_end(all, tunnel);
}

/* A side is gone: nothing can be written to it, and it will send no more than what has arrived already. */
static void spread_losses(struct tunnel *tunnel)
{
    struct buffers *buffers = &tunnel->all->buffers;
    struct flow *out = &tunnel->out, *in = &tunnel->in;

    if (out->ended && out->from_lost)
        flow_lose_to(in, buffers);
    if (in->ended && in->from_lost)
        flow_lose_to(out, buffers);
    if (out->to_lost)
        in->from_lost = true;
    if (in->to_lost)
        out->from_lost = true;
    /* Standard input goes on when there is no standard output any more; whoever reads it does not. */
    if (in->to_lost && in->to != out->from)
        flow_lose_to(out, buffers);
}

static bool near_is_one(const struct tunnel *tunnel)
{
    return tunnel->in.to == tunnel->out.from;
}

/* What has no room now will be told when it has. */
static void want_room(struct tunnel *tunnel)
{
    struct loop *loop = tunnel->all->loop;

    if (!tunnel->out.writable)
        loop_watch_more(loop, tunnel->out.to, to_write, &tunnel->far);
    if (!tunnel->in.writable && near_is_one(tunnel))
        loop_watch_more(loop, tunnel->in.to, to_write, &tunnel->near);
}

static void relay(struct tunnel *tunnel)
{
    struct tunnels *all = tunnel->all;
    enum flow_next out, in;

    spread_losses(tunnel);
    tunnel->out.last = tunnel->in.ended;
    out = flow_run(&tunnel->out, &all->buffers);
    /* Others may have standard output open, too: closing ours would tell nobody. */
    tunnel->in.last = tunnel->out.ended && near_is_one(tunnel);
    in = flow_run(&tunnel->in, &all->buffers);
    spread_losses(tunnel);
    want_room(tunnel);
    if (tunnel->in.ended && tunnel->out.ended) {
        end_tunnel(tunnel);
    } else if (out == FLOW_AGAIN || in == FLOW_AGAIN) {
        list_move(&all->busy, &tunnel->link);
        timer_set_now(&all->next_turn);
    }
}

/* The dial has read the reply, and what came with it. */
static void begin_in(struct tunnel *tunnel)
{
    struct tunnels *all = tunnel->all;
    const struct dial_room *room = &all->room;

    flow_begin(&tunnel->in, room->bytes + room->at, room->end - room->at, room->end < room->size,
               &all->buffers);
}

static void open_tunnel(struct tunnel *tunnel)
{
    tunnel->state = TUNNEL_RELAYS;
    list_move(&tunnel->all->relaying, &tunnel->link);
    free_dial(tunnel);
    relay(tunnel);
}

static void say(const struct tunnel *tunnel, enum log_level level, const char *words, int error)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_add(&line, tunnel->dial->authority);
    text_add(&line, ": ");
    text_add(&line, words);
    if (error)
        log_add_error(&line, error);
    log_line(level, &line);
}

static void fail_direct(struct tunnel *tunnel, int error)
{
    if (error == EHOSTUNREACH && !tunnel->dial->touched)
        say(tunnel, LOG_FAILURE, "cannot connect directly: the name does not resolve", 0);
    else
        say(tunnel, LOG_FAILURE, "cannot connect directly: ", error);
    end_tunnel(tunnel);
}

static void wait_to_write(struct tunnel *tunnel)
{
    loop_watch_more(tunnel->all->loop, tunnel->out.to, to_write, &tunnel->far);
    timer_set(&tunnel->all->next_deadline, dial_deadline(tunnel->dial));
}

/* The socket was handed to the kernel's own connect(). An event may be an old one: who the peer is tells. */
static void step_connect(struct tunnel *tunnel)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer, error_size = sizeof(int);
    int fd = tunnel->out.to, error = 0;

    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
    if (error)
        fail_direct(tunnel, error);
    else if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0)
        open_tunnel(tunnel);
    else if (deadline_passed(dial_deadline(tunnel->dial)))
        fail_direct(tunnel, ETIMEDOUT);
    else
        wait_to_write(tunnel);
}

static void step_dial(struct tunnel *tunnel)
{
    switch (dial_step(tunnel->dial)) {
    case DIAL_WANT_READ:
        timer_set(&tunnel->all->next_deadline, dial_deadline(tunnel->dial));
        break;
    case DIAL_WANT_WRITE:
        wait_to_write(tunnel);
        break;
    case DIAL_OPEN:
        begin_in(tunnel);
        open_tunnel(tunnel);
        break;
    case DIAL_HANDED:
        if (tunnel->dial->route->count == 0 && !tunnel->dial->route->name)
            say(tunnel, LOG_FAILURE, "no proxy is known, going direct as fallback says", 0);
        tunnel->state = TUNNEL_CONNECTS;
        step_connect(tunnel);
        break;
    case DIAL_FAILED:
        if (tunnel->dial->candidate < 0)
            fail_direct(tunnel, tunnel->dial->error);
        else
            end_tunnel(tunnel); /* the dial has said why */
    }
}

static void step(struct tunnel *tunnel)
{
    static void (*const steps[])(struct tunnel * tunnel) = {
        [TUNNEL_DIALS] = step_dial,
        [TUNNEL_CONNECTS] = step_connect,
        [TUNNEL_RELAYS] = relay,
    };

    steps[tunnel->state](tunnel);
}

static void far_ready(struct watch *watch, uint32_t events)
{
    struct tunnel *tunnel = owner_of(watch, struct tunnel, far);

    if (tunnel->state == TUNNEL_ENDED)
        return;
    flow_from_ready(&tunnel->in, events);
    if (tunnel->state == TUNNEL_RELAYS)
        flow_to_ready(&tunnel->out, events, &tunnel->all->buffers);
    step(tunnel);
}

static void leave(struct tunnel *tunnel)
{
    say(tunnel, LOG_CONNECTION, "given up: the client has gone", 0);
    end_tunnel(tunnel);
}

/* An end of file is no reason to give up a dial: the client may have said all that it has to say. */
static void near_ready(struct watch *watch, uint32_t events)
{
    struct tunnel *tunnel = owner_of(watch, struct tunnel, near);
    bool one = near_is_one(tunnel);

    if (tunnel->state == TUNNEL_ENDED)
        return;
    flow_from_ready(&tunnel->out, events);
    if (tunnel->state == TUNNEL_RELAYS) {
        if (one)
            flow_to_ready(&tunnel->in, events, &tunnel->all->buffers);
        relay(tunnel);
    } else if (one && (events & (EPOLLERR | EPOLLHUP))) {
        leave(tunnel);
    }
}

static void near_out_ready(struct watch *watch, uint32_t events)
{
    struct tunnel *tunnel = owner_of(watch, struct tunnel, near_out);

    if (tunnel->state == TUNNEL_ENDED)
        return;
    if (tunnel->state == TUNNEL_RELAYS) {
        flow_to_ready(&tunnel->in, events, &tunnel->all->buffers);
        relay(tunnel);
    } else if (events & EPOLLERR) {
        leave(tunnel);
    }
}

static void meet_deadlines(struct timer *timer)
{
    struct tunnels *all = owner_of(timer, struct tunnels, next_deadline);
    struct link *next;

    for (struct link *at = all->dialing.next; at != &all->dialing; at = next) {
        struct tunnel *tunnel = owner_of(at, struct tunnel, link);

        next = at->next;
        if (deadline_passed(dial_deadline(tunnel->dial)))
            step(tunnel);
        else
            timer_set(timer, dial_deadline(tunnel->dial));
    }
}

static void take_turns(struct timer *timer)
{
    struct tunnels *all = owner_of(timer, struct tunnels, next_turn);
    struct link turns;

    list_start(&turns);
    while (!list_is_empty(&all->busy))
        list_move(&turns, all->busy.next);
    while (!list_is_empty(&turns)) {
        list_move(&all->relaying, turns.next);
        relay(owner_of(all->relaying.previous, struct tunnel, link));
    }
}

static void reap(struct timer *timer)
{
    struct tunnels *all = owner_of(timer, struct tunnels, reaper);

    while (!list_is_empty(&all->ended)) {
        struct tunnel *tunnel = owner_of(all->ended.next, struct tunnel, link);

        list_remove(&tunnel->link);
        free(tunnel);
    }
}

void tunnels_start(struct tunnels *all, struct loop *loop, const struct dial_limits *limits,
                   tunnel_ended *on_end)
{
    *all = (struct tunnels){ .loop = loop, .limits = *limits, .direct_limits = *limits, .on_end = on_end };
    all->room = (struct dial_room){ .bytes = all->reply, .size = sizeof all->reply };
    all->direct_limits.fallback_direct = true;
    list_start(&all->dialing);
    list_start(&all->relaying);
    list_start(&all->busy);
    list_start(&all->ended);
    loop_add_timer(loop, &all->next_deadline, meet_deadlines);
    loop_add_timer(loop, &all->next_turn, take_turns);
    loop_add_timer(loop, &all->reaper, reap);
}

void tunnels_end(struct tunnels *all)
{
    struct link *const lists[] = { &all->dialing, &all->relaying, &all->busy };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        while (!list_is_empty(lists[i]))
            end_tunnel(owner_of(lists[i]->next, struct tunnel, link));
    reap(&all->reaper);
    buffers_free(&all->buffers);
}

/* A regular file or a device cannot be watched, and never keeps anybody waiting. */
static int watch_stdio(struct tunnel *tunnel, const struct tunnel_ends *ends)
{
    struct loop *loop = tunnel->all->loop;
    int in = loop_watch(loop, ends->near_in, to_read, &tunnel->near);
    int out = loop_watch(loop, ends->near_out, to_write, &tunnel->near_out);

    if (in == -EPERM)
        flow_from_always(&tunnel->out);
    if (out == -EPERM)
        flow_to_always(&tunnel->in);
    if (in < 0 && in != -EPERM)
        return in;
    return out == -EPERM ? 0 : out;
}

static int watch_near(struct tunnel *tunnel, const struct tunnel_ends *ends)
{
    if (ends->near_in != ends->near_out)
        return watch_stdio(tunnel, ends);
    return loop_watch(tunnel->all->loop, ends->near_in, to_read, &tunnel->near);
}

/* After the first step: a socket that is not connecting yet would report that at once, for nothing. What
 * happened since is not missed. */
static int watch_far(struct tunnel *tunnel)
{
    bool writes = tunnel->dial ? tunnel->dial->state != DIAL_STATE_READ : !tunnel->out.writable;

    return loop_watch(tunnel->all->loop, tunnel->out.to, writes ? to_read | to_write : to_read, &tunnel->far);
}

static struct tunnel *make_tunnel(struct tunnels *all, const struct tunnel_ends *ends)
{
    struct tunnel *tunnel = calloc(1, sizeof *tunnel);
    struct dial *dial = malloc(sizeof *dial);

    if (!tunnel || !dial) {
        free(tunnel);
        free(dial);
        return NULL;
    }
    tunnel->all = all;
    tunnel->dial = dial;
    tunnel->near.ready = near_ready;
    tunnel->near_out.ready = near_out_ready;
    tunnel->far.ready = far_ready;
    flow_start(&tunnel->out, ends->near_in, ends->far);
    flow_start(&tunnel->in, ends->far, ends->near_out);
    return tunnel;
}

static void close_unused(const struct tunnel_ends *ends)
{
    close(ends->near_in);
    if (ends->near_out != ends->near_in)
        close(ends->near_out);
    close(ends->far);
}

int tunnel_start(struct tunnels *all, const struct tunnel_ends *ends, const struct endpoint *target,
                 struct route *route)
{
    struct tunnel *tunnel = make_tunnel(all, ends);
    int result = tunnel ? watch_near(tunnel, ends) : -ENOMEM;

    if (result < 0) {
        close_unused(ends);
        if (tunnel)
            free(tunnel->dial);
        free(tunnel);
        return result;
    }
    dial_start(tunnel->dial, &libc_net, ends->far, ends->family, target, route,
               route->count > 0 ? &all->limits : &all->direct_limits);
    tunnel->dial->room = &all->room;
    list_add(&all->dialing, &tunnel->link);
    all->count++;
    step(tunnel);
    if (tunnel->state != TUNNEL_ENDED && watch_far(tunnel) < 0)
        end_tunnel(tunnel);
    return 0;
}
