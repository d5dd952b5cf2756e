#include "relay.h"
#include "account.h"
#include "cutting.h"
#include "wire.h"
#include "../common/libc_net.h"

#include <ptunnel/leg.h>
#include <ptunnel/log.h>
#include <ptunnel/errors.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* EPOLLOUT is registered only after a write(2) said EAGAIN: before, it would be reported at once, for
 * nothing. */
static const uint32_t to_read = EPOLLIN | EPOLLRDHUP | EPOLLET;
static const uint32_t to_write = EPOLLOUT | EPOLLET;

static void close_end(const struct relay *relay, int fd, bool reset)
{
    if (relay->all->has_shared_ends)
        loop_forget(relay->all->loop, fd);
    if (reset)
        wire_reset(fd);
    else
        close(fd);
}

static void close_ends(const struct relay *relay)
{
    int near = relay->out.from;

    close_end(relay, relay->out.to, relay->broken && !relay->shared);
    close_end(relay, near, relay->broken);
    if (relay->in.to != near && relay->in.to >= 0)
        close_end(relay, relay->in.to, false);
}

static bool is_broken(const struct relay *relay)
{
    return relay->state != RELAY_OPEN || relay->in.from_lost || relay->in.to_lost || relay->out.from_lost ||
           relay->out.to_lost;
}

static void free_dial(struct relay *relay)
{
    struct relays *all = relay->all;

    if (relay->dial) {
        cutting_say(relay->dial, all->half_close > 0);
        leg_drop(relay->dial);
    }
    inquiry_end(&relay->inquiry);
    free(relay->dial);
    relay->dial = NULL;
    if (list_is_empty(&all->dialing))
        all->next_deadline.at = deadline_never(); /* no timer for nothing */
}

static void end_relay(struct relay *relay)
{
    struct relays *all = relay->all;

    account_of_end(relay);
    relay->broken = is_broken(relay);
    relay->state = RELAY_ENDED;
    list_move(&all->ended, &relay->link);
    free_dial(relay);
    flow_lose_to(&relay->in, &all->buffers);
    flow_lose_to(&relay->out, &all->buffers);
    close_ends(relay);
    loop_set_timer_now(&all->reaper);
    all->count--;
    all->on_end(all, relay);
}

static bool near_is_one(const struct relay *relay)
{
    return relay->in.to == relay->out.from;
}

/* Asks for an event where a write(2) said EAGAIN. */
static void want_room(struct relay *relay)
{
    struct loop *loop = relay->all->loop;

    if (!relay->out.writable)
        loop_watch_more(loop, relay->out.to, to_write, &relay->far);
    if (!relay->in.writable && near_is_one(relay))
        loop_watch_more(loop, relay->in.to, to_write, &relay->near);
}

/* With --half-close delay. */
static void time_silence(struct relay *relay)
{
    struct flow *out = &relay->out;

    if (relay->in.moved)
        relay->quiet = deadline_in(relay->all->half_close);
    relay->in.moved = false;
    if (out->withheld && out->end_read && !out->ended && relay->quiet.at != deadline_never().at)
        loop_set_timer(&relay->all->next_quiet, relay->quiet);
}

static void pass_on(struct relay *relay)
{
    struct relays *all = relay->all;
    enum flow_next out, in;

    flow_share_losses(&relay->out, &relay->in, &all->buffers);
    relay->out.last = relay->in.ended || relay->shared;
    out = flow_run(&relay->out, &all->buffers);
    /* Standard output may be open in other processes, too: closing ours would not pass on the end. */
    relay->in.last = relay->out.ended && near_is_one(relay);
    if (relay->shared && relay->out.ended)
        flow_lose_to(&relay->in, &all->buffers);
    in = flow_run(&relay->in, &all->buffers);
    relay->out.last |= relay->in.ended;
    if (relay->out.withheld && relay->in.ended)
        out = flow_run(&relay->out, &all->buffers);
    flow_share_losses(&relay->out, &relay->in, &all->buffers);
    if (relay->out.withheld)
        time_silence(relay);
    want_room(relay);
    if (relay->in.ended && relay->out.ended) {
        end_relay(relay);
    } else if (out == FLOW_AGAIN || in == FLOW_AGAIN) {
        list_move(&all->busy, &relay->link);
        loop_set_timer_now(&all->next_turn);
    }
}

/* The bytes behind the reply's head, which the dial has read with it. */
static void begin_in(struct relay *relay)
{
    struct relays *all = relay->all;
    const struct dial_room *room = &all->room;

    flow_begin(&relay->in, room->bytes + room->at, room->end - room->at, room->end < room->size,
               &all->buffers);
}

static void open_relay(struct relay *relay)
{
    relay->state = RELAY_OPEN;
    relay->since = deadline_now();
    list_move(&relay->all->relaying, &relay->link);
    free_dial(relay);
    pass_on(relay);
}

static void say(const struct relay *relay, enum log_level level, const char *words, int error)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_print(&line, "%s: %s", relay->dial->authority, words);
    if (error)
        errors_print(&line, error);
    log_line(level, &line);
}

static void fail_direct(struct relay *relay, int error)
{
    if (error == EHOSTUNREACH && !relay->dial->must_disconnect)
        say(relay, LOG_FAILURE, "cannot connect directly: the name does not resolve", 0);
    else
        say(relay, LOG_FAILURE, "cannot connect directly: ", error);
    end_relay(relay);
}

static void wait_to_write(struct relay *relay)
{
    loop_watch_more(relay->all->loop, relay->out.to, to_write, &relay->far);
    loop_set_timer(&relay->all->next_deadline, dial_deadline(relay->dial));
}

/* The kernel connects the socket to the target. The event may be an old one, so getpeername(2) decides. */
static void step_connect(struct relay *relay)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer, error_size = sizeof(int);
    int fd = relay->out.to, error = 0;

    /* It has spoken, be it that it has reset the connection since: that comes first, as to a native client. */
    if (wire_unread(fd) > 0) {
        open_relay(relay);
        return;
    }
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
    if (error)
        fail_direct(relay, error);
    else if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0)
        open_relay(relay);
    else if (deadline_passed(dial_deadline(relay->dial)))
        fail_direct(relay, ETIMEDOUT);
    else
        wait_to_write(relay);
}

static void step_dial(struct relay *relay)
{
    switch (dial_step(relay->dial)) {
    case DIAL_WANT_READ:
        loop_set_timer(&relay->all->next_deadline, dial_deadline(relay->dial));
        break;
    case DIAL_WANT_WRITE:
        wait_to_write(relay);
        break;
    case DIAL_OPEN:
        begin_in(relay);
        open_relay(relay);
        break;
    case DIAL_DIRECT:
        if (relay->dial->route->count == 0 && !relay->dial->route->name)
            say(relay, LOG_FAILURE, "no proxy is known, going direct as fallback says", 0);
        relay->state = RELAY_CONNECTS;
        step_connect(relay);
        break;
    case DIAL_OVERTAKEN: /* by nobody: this loop is alone with its sockets */
    case DIAL_FAILED:
        if (relay->dial->candidate < 0)
            fail_direct(relay, relay->dial->error);
        else
            end_relay(relay); /* the dial has said why */
    }
}

static void step(struct relay *relay)
{
    static void (*const steps[])(struct relay * relay) = {
        [RELAY_DIALS] = step_dial,
        [RELAY_CONNECTS] = step_connect,
        [RELAY_OPEN] = pass_on,
    };

    steps[relay->state](relay);
}

static void far_ready(struct watch *watch, uint32_t events)
{
    struct relay *relay = owner_of(watch, struct relay, far);

    if (relay->state == RELAY_ENDED)
        return;
    flow_from_ready(&relay->in, events);
    if (relay->state == RELAY_OPEN)
        flow_to_ready(&relay->out, events, &relay->all->buffers);
    step(relay);
}

static void agent_answered(struct inquiry *inquiry)
{
    step(owner_of(inquiry, struct relay, inquiry));
}

static void leave(struct relay *relay)
{
    say(relay, LOG_CONNECTION, "given up: the client has gone", 0);
    end_relay(relay);
}

static void near_ready(struct watch *watch, uint32_t events)
{
    struct relay *relay = owner_of(watch, struct relay, near);
    bool one = near_is_one(relay);

    if (relay->state == RELAY_ENDED)
        return;
    flow_from_ready(&relay->out, events);
    if (relay->state == RELAY_OPEN) {
        if (one)
            flow_to_ready(&relay->in, events, &relay->all->buffers);
        pass_on(relay);
    } else if (one && wire_has_gone(relay->out.from, events)) {
        leave(relay);
    }
}

static void near_out_ready(struct watch *watch, uint32_t events)
{
    struct relay *relay = owner_of(watch, struct relay, near_out);

    if (relay->state == RELAY_ENDED)
        return;
    if (relay->state == RELAY_OPEN) {
        flow_to_ready(&relay->in, events, &relay->all->buffers);
        pass_on(relay);
    } else if (events & EPOLLERR) {
        leave(relay);
    }
}

static void meet_deadlines(struct timer *timer)
{
    struct relays *all = owner_of(timer, struct relays, next_deadline);
    struct link *next;

    for (struct link *at = all->dialing.next; at != &all->dialing; at = next) {
        struct relay *relay = owner_of(at, struct relay, link);

        next = at->next;
        if (deadline_passed(dial_deadline(relay->dial)))
            step(relay);
        else
            loop_set_timer(timer, dial_deadline(relay->dial));
    }
}

static void take_turns(struct timer *timer)
{
    struct relays *all = owner_of(timer, struct relays, next_turn);
    struct link turns;

    list_start(&turns);
    while (!list_is_empty(&all->busy))
        list_move(&turns, all->busy.next);
    while (!list_is_empty(&turns)) {
        list_move(&all->relaying, turns.next);
        pass_on(owner_of(all->relaying.previous, struct relay, link));
    }
}

/* The targets that have been silent for long enough get the end that was kept from them. */
static void meet_silence(struct timer *timer)
{
    struct relays *all = owner_of(timer, struct relays, next_quiet);
    struct link *next;

    for (struct link *at = all->relaying.next; at != &all->relaying; at = next) {
        struct relay *relay = owner_of(at, struct relay, link);

        next = at->next;
        if (!relay->out.withheld || !relay->out.end_read || relay->out.ended)
            continue;
        relay->out.withheld = !deadline_passed(relay->quiet);
        if (!relay->out.withheld)
            pass_on(relay);
        else if (relay->quiet.at != deadline_never().at)
            loop_set_timer(timer, relay->quiet);
    }
}

static void reap(struct timer *timer)
{
    struct relays *all = owner_of(timer, struct relays, reaper);

    while (!list_is_empty(&all->ended)) {
        struct relay *relay = owner_of(all->ended.next, struct relay, link);

        list_remove(&relay->link);
        free(relay);
    }
}

void relays_start(struct relays *all, struct loop *loop, const struct dial_limits *limits,
                  relay_ended *on_end)
{
    *all = (struct relays){ .loop = loop, .limits = *limits, .direct_limits = *limits, .on_end = on_end };
    all->room = (struct dial_room){ .bytes = all->reply, .size = sizeof all->reply };
    all->direct_limits.fallback_direct = true;
    list_start(&all->dialing);
    list_start(&all->relaying);
    list_start(&all->busy);
    list_start(&all->ended);
    loop_add_timer(loop, &all->next_deadline, meet_deadlines);
    loop_add_timer(loop, &all->next_turn, take_turns);
    loop_add_timer(loop, &all->next_quiet, meet_silence);
    loop_add_timer(loop, &all->reaper, reap);
}

void relays_end(struct relays *all)
{
    struct link *const lists[] = { &all->dialing, &all->relaying, &all->busy };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        while (!list_is_empty(lists[i]))
            end_relay(owner_of(lists[i]->next, struct relay, link));
    reap(&all->reaper);
    buffers_free(&all->buffers);
}

/* EPERM: a regular file or a device, which never blocks. */
static int watch_stdio(struct relay *relay, const struct relay_ends *ends)
{
    struct loop *loop = relay->all->loop;
    int in = loop_watch(loop, ends->near_in, to_read, &relay->near);
    int out = loop_watch(loop, ends->near_out, to_write, &relay->near_out);

    if (in == -EPERM)
        flow_from_always(&relay->out);
    if (out == -EPERM)
        flow_to_always(&relay->in);
    if (in < 0 && in != -EPERM)
        return in;
    return out == -EPERM ? 0 : out;
}

static int watch_near(struct relay *relay, const struct relay_ends *ends)
{
    if (ends->near_in != ends->near_out)
        return watch_stdio(relay, ends);
    return loop_watch(relay->all->loop, ends->near_in, to_read, &relay->near);
}

/* Registered after the first step: a socket that is not connecting reports EPOLLHUP. Edge-triggered
 * registration reports what has happened since. */
static int watch_far(struct relay *relay)
{
    bool writes = relay->dial ? relay->dial->state != DIAL_STATE_READ : !relay->out.writable;

    return loop_watch(relay->all->loop, relay->out.to, writes ? to_read | to_write : to_read, &relay->far);
}

static struct relay *make_relay(struct relays *all, const struct relay_ends *ends)
{
    struct relay *relay = calloc(1, sizeof *relay);
    struct inquiring *asker = malloc(sizeof *asker);

    if (!relay || !asker) {
        free(relay);
        free(asker);
        return NULL;
    }
    relay->all = all;
    relay->since = deadline_now();
    relay->dial = &asker->dial;
    relay->quiet = deadline_never();
    relay->inquiry.fd = -1;
    relay->near.ready = near_ready;
    relay->near_out.ready = near_out_ready;
    relay->far.ready = far_ready;
    flow_start(&relay->out, ends->near_in, ends->far);
    flow_start(&relay->in, ends->far, ends->near_out);
    relay->out.withheld = all->half_close > 0;
    return relay;
}

static void close_unused(const struct relay_ends *ends)
{
    close(ends->near_in);
    if (ends->near_out != ends->near_in)
        close(ends->near_out);
    close(ends->far);
}

int relay_start(struct relays *all, const struct relay_ends *ends, const struct endpoint *target,
                struct route *route)
{
    struct relay *relay = make_relay(all, ends);
    int result = relay ? watch_near(relay, ends) : -ENOMEM;

    if (result < 0) {
        close_unused(ends);
        if (relay)
            free(relay->dial);
        free(relay);
        return result;
    }
    dial_start(relay->dial, &libc_net, ends->far, ends->family, target, route,
               route->count > 0 ? &all->limits : &all->direct_limits);
    relay->dial->room = &all->room;
    inquiry_start(&relay->inquiry, all->loop, owner_of(relay->dial, struct inquiring, dial), agent_answered);
    relay->target = target;
    list_add(&all->dialing, &relay->link);
    all->count++;
    step(relay);
    if (relay->state != RELAY_ENDED && watch_far(relay) < 0)
        end_relay(relay);
    return 0;
}

int relay_join(struct relays *all, int near, int far, bool shared)
{
    struct relay_ends ends = { .near_in = near, .near_out = near, .far = far };
    struct relay *relay = make_relay(all, &ends);
    int result;

    if (!relay) {
        close_unused(&ends);
        return -ENOMEM;
    }
    relay->state = RELAY_OPEN;
    relay->shared = shared;
    free(relay->dial);
    relay->dial = NULL;
    list_add(&all->relaying, &relay->link);
    all->count++;
    result = watch_near(relay, &ends);
    if (result == 0)
        result = watch_far(relay);
    if (result < 0)
        end_relay(relay);
    return result;
}
