/* One client, from accept to close.
 *
 *     READING --a whole head--> WAITING --delay over, target settled--> REPLYING --> RELAYING
 *        ^                                                               |   |
 *        +--------------------------- keep ------------------------------+   +--> LINGERING, HANGING or gone
 *
 * `near` is the client's socket, `far` the target's; `up` and `down` are the bytes from near to far and back.
 * The request head is read into `up`. What is left there when the reply goes out was sent too early. */
#include "client.h"

#include "decision.h"
#include "dial.h"
#include "relay.h"
#include "reply.h"
#include "request.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { LINGER_MS = 2000 };

enum state { READING, WAITING, REPLYING, RELAYING, LINGERING, HANGING };

struct client {
    struct clients *clients;
    struct client *after, **link; /* `link` is what points to this one */
    enum state state;
    struct watch near, far;
    struct timer timer;
    struct pipe up, down;
    struct request request;
    int refusal; /* the status that the request itself deserves, 0 = none */
    const struct behaviour *rule;
    bool held;    /* the delay is not over */
    bool dialing; /* the target's answer is not known */
    bool authorized;
    bool early_reported;
    struct dial dial;
    struct decision decision;
    size_t sent; /* of the reply */
    size_t chunk;
};

static void proceed(struct client *client);
static void next_request(struct client *client);

static void client_free(struct client *client)
{
    struct clients *clients = client->clients;

    timer_stop(&client->timer);
    watch_close(&client->near);
    watch_close(&client->far);
    pipe_free(&client->up);
    pipe_free(&client->down);
    request_free(&client->request);
    bytes_free(&client->decision.reply);
    *client->link = client->after;
    if (client->after)
        client->after->link = client->link;
    free(client);
    clients->open--;
    clients->on_gone(clients->owner);
}

/* Both sides learn of it by a RST. */
static void client_reset(struct client *client)
{
    watch_reset(&client->near);
    watch_reset(&client->far);
    client_free(client);
}

/* ---- the end ---- */

static void finish(struct client *client, enum ending ending)
{
    watch_close(&client->far);
    if (ending == END_RESET || (ending == END_CLOSE && client->up.failed)) {
        client_reset(client);
        return;
    }
    if (ending == END_HANG) {
        client->state = HANGING;
        watch_want(&client->near, EPOLLRDHUP);
        return;
    }
    shutdown(client->near.fd, SHUT_WR);
    if (client->up.eof) {
        client_free(client);
        return;
    }
    /* A close with unread bytes would be a RST, which could overtake the reply. */
    client->state = LINGERING;
    timer_set(client->clients->loop, &client->timer, LINGER_MS);
    watch_want(&client->near, EPOLLIN);
}

static void report_early(struct client *client)
{
    if (client->up.length > 0 && !client->early_reported) {
        record_line(client->clients->record, "EARLY %s %zu", client->request.target, client->up.length);
        client->early_reported = true;
    }
}

static void on_lingering(struct client *client, uint32_t events)
{
    char unwanted[16 * 1024];
    ssize_t count = recv(client->near.fd, unwanted, sizeof unwanted, 0);

    (void)events;
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
        client_free(client);
}

static void on_hanging(struct client *client, uint32_t events)
{
    (void)events;
    if (client->request.head && client->decision.reply.length == 0) {
        pipe_fill(&client->up, client->near.fd);
        report_early(client);
    }
    client_free(client);
}

/* ---- the tunnel ---- */

static void relay(struct client *client)
{
    switch (relay_move(&client->up, &client->down, &client->near, &client->far)) {
    case RELAY_ON:
        break;
    case RELAY_DONE:
        client_free(client);
        break;
    case RELAY_BROKEN:
        client_reset(client);
        break;
    }
}

static void on_relaying(struct client *client, uint32_t events)
{
    relay_event(&client->up, &client->near, events);
    relay(client);
}

/* ---- the reply ---- */

static void reply_done(struct client *client)
{
    switch (client->decision.next) {
    case NEXT_RELAY:
        client->state = RELAYING;
        client->clients->tunnels++;
        relay(client);
        break;
    case NEXT_REQUEST:
        next_request(client);
        break;
    case NEXT_END:
        finish(client, client->decision.ending);
        break;
    }
}

static uint32_t early_interest(const struct client *client)
{
    return client->up.eof || pipe_full(&client->up) ? 0 : EPOLLIN;
}

static void send_reply(struct client *client)
{
    struct bytes *reply = &client->decision.reply;
    size_t left = reply->length - client->sent;
    size_t piece = client->chunk > 0 && client->chunk < left ? client->chunk : left;
    ssize_t count;

    pipe_fill(&client->up, client->near.fd);
    if (piece == left)
        report_early(client);
    count = piece > 0 ? send(client->near.fd, reply->data + client->sent, piece, MSG_NOSIGNAL) : 0;
    if ((count < 0 && errno != EAGAIN) || client->up.failed) {
        client_reset(client);
        return;
    }
    if (count > 0)
        client->sent += (size_t)count;
    if (client->sent == reply->length && client->decision.endless) {
        reply->length = client->sent = 0;
        reply_filler(reply, client->rule);
    }
    if (client->sent == reply->length) {
        reply_done(client);
    } else if (client->chunk > 0 && count > 0) {
        watch_want(&client->near, early_interest(client));
        timer_set(client->clients->loop, &client->timer, client->rule->chunk_ms);
    } else {
        watch_want(&client->near, early_interest(client) | EPOLLOUT);
    }
}

static void on_replying(struct client *client, uint32_t events)
{
    /* Between two pieces only the timer sends. */
    if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
        timer_stop(&client->timer);
        send_reply(client);
        return;
    }
    pipe_fill(&client->up, client->near.fd);
    watch_want(&client->near, early_interest(client) | (client->near.interest & EPOLLOUT));
}

static void answer(struct client *client)
{
    const struct question question = {
        .request = &client->request,
        .rule = client->rule,
        .refusal = client->refusal,
        .authorized = client->authorized,
        .dial_error = client->dial.error,
        .down = &client->down,
    };

    client->state = REPLYING;
    client->sent = 0;
    client->chunk = client->rule->chunk;
    decision_make(&client->decision, &question, client->clients->record);
    send_reply(client);
}

/* ---- waiting for the delay and the target ---- */

static void on_waiting(struct client *client, uint32_t events)
{
    pipe_fill(&client->up, client->near.fd);
    if (client->up.failed || (events & EPOLLERR))
        client_reset(client);
    else
        watch_want(&client->near, early_interest(client));
}

static void far_ready(struct watch *far, uint32_t events);

static void dial_on(struct client *client)
{
    int fd = dial_next(&client->dial);

    client->dialing = fd >= 0;
    if (fd < 0)
        return;
    client->far = client->near;
    client->far.fd = fd;
    client->far.ready = far_ready;
    client->far.registered = false;
    watch_want(&client->far, EPOLLOUT);
}

static void dial_settle(struct client *client)
{
    int error = 0;
    socklen_t size = sizeof error;

    getsockopt(client->far.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    /* Reset at once, but it was connected: a target that nobody listens on is ECONNREFUSED. */
    if (error == ECONNRESET) {
        client->down.failed = true;
        error = 0;
    }
    client->dial.error = error;
    if (error) {
        watch_close(&client->far);
        dial_on(client);
        return;
    }
    client->dialing = false;
    watch_off(&client->far);
    if (client->rule->join)
        watch_want(&client->far, EPOLLIN);
}

/* For `join`: the target has said something, or never will. */
static bool target_spoke(const struct client *client)
{
    return client->far.fd < 0 || client->down.length > 0 || client->down.eof || client->down.failed;
}

static void far_ready(struct watch *far, uint32_t events)
{
    struct client *client = far->owner;

    if (client->state == RELAYING) {
        relay_event(&client->down, far, events);
        relay(client);
        return;
    }
    if (client->dialing) {
        dial_settle(client);
    } else {
        pipe_fill(&client->down, far->fd);
        if (target_spoke(client))
            watch_off(far);
    }
    proceed(client);
}

static void proceed(struct client *client)
{
    if (client->state != WAITING || client->held || client->dialing)
        return;
    if (client->rule->join && !target_spoke(client))
        return;
    answer(client);
}

/* ---- the request ---- */

static void take_request(struct client *client)
{
    static const struct behaviour plain;
    const struct behaviour *rule = &plain;

    if (!client->refusal)
        rule = script_match(client->clients->script, client->request.target);
    client->rule = rule;
    client->state = WAITING;
    client->early_reported = false;
    client->dial = (struct dial){0};
    client->authorized = decision_authorized(rule, &client->request);
    client->held = rule->delay_ms > 0;
    if (client->held)
        timer_set(client->clients->loop, &client->timer, rule->delay_ms);
    watch_want(&client->near, early_interest(client));
    if (client->authorized && !client->refusal && (decision_opens(rule) || rule->hold)) {
        dial_prepare(&client->dial, rule->to ? rule->to : client->request.target);
        dial_on(client);
    }
    proceed(client);
}

static void next_request(struct client *client)
{
    const char *data = client->up.data + client->up.start;
    size_t length = client->up.length > 0 ? request_length(data, client->up.length) : 0;

    client->state = READING;
    if (length == 0 && !pipe_full(&client->up)) {
        if (client->up.eof || client->up.failed)
            client_free(client);
        else
            watch_want(&client->near, EPOLLIN);
        return;
    }
    request_free(&client->request);
    if (length > 0) {
        client->refusal = request_parse(&client->request, data, length);
        pipe_take(&client->up, length);
    } else {
        client->request.method = client->request.target = "-";
        client->refusal = 431;
        pipe_take(&client->up, client->up.length);
    }
    take_request(client);
}

static void on_reading(struct client *client, uint32_t events)
{
    (void)events;
    pipe_fill(&client->up, client->near.fd);
    next_request(client);
}

/* ---- the beginning ---- */

static void near_ready(struct watch *near, uint32_t events)
{
    static void (*const handlers[])(struct client * client, uint32_t events) = {
        [READING] = on_reading,   [WAITING] = on_waiting,     [REPLYING] = on_replying,
        [RELAYING] = on_relaying, [LINGERING] = on_lingering, [HANGING] = on_hanging,
    };
    struct client *client = near->owner;

    handlers[client->state](client, events);
}

static void on_timer(void *owner)
{
    struct client *client = owner;

    if (client->state == WAITING) {
        client->held = false;
        proceed(client);
    } else if (client->state == REPLYING) {
        send_reply(client);
    } else {
        client_free(client);
    }
}

static struct client *adopt(struct clients *clients, int fd)
{
    const int yes = 1;
    struct client *client = get_zeroed(sizeof *client);

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    client->clients = clients;
    client->timer = (struct timer){.fire = on_timer, .owner = client};
    client->near = (struct watch){.fd = fd, .loop = clients->loop, .ready = near_ready, .owner = client};
    client->far.fd = -1;
    client->after = clients->first;
    client->link = &clients->first;
    if (client->after)
        client->after->link = &client->after;
    clients->first = client;
    clients->accepted++;
    if (++clients->open > clients->most)
        clients->most = clients->open;
    return client;
}

void client_start(struct clients *clients, int fd)
{
    watch_want(&adopt(clients, fd)->near, EPOLLIN);
}

void client_turn_away(struct clients *clients, int fd, enum ending ending)
{
    record_line(clients->record, "ACCEPT %s", ending_names[ending]);
    finish(adopt(clients, fd), ending);
}

void clients_free(struct clients *clients)
{
    for (struct client *client = clients->first, *after; client; client = after) {
        after = client->after;
        client_free(client);
    }
}
