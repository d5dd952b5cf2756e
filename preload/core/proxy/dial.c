#include "connection.h"
#include "dial_words.h"
#include "legs.h"
#include "refusal.h"

#include <ptunnel/hash.h>

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

enum { PEEK_SIZE = 2048, GO_ON = -1 };

/* The kernel ends a connect(2) at a repetition of its SYN: up to so much after the time, in nanoseconds. */
static const int64_t CONNECT_GRACE = INT64_C(1500000000);

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
        .legs.again = deadline_never(),
    };
    /* Printed once here: endpoint_print() takes more stack than a step should. */
    endpoint_print(target, dial->authority);
}

/* Only if no proxy was reached: one that was asked decides about the target, be it by closing or by silence. */
static bool may_fall_back(const struct dial *dial)
{
    return dial->limits->fallback_direct && !dial->was_asked;
}

static bool has_alternative(const struct dial *dial)
{
    return may_fall_back(dial) || route_next(dial->route, dial->tried, 0) >= 0;
}

static struct deadline end_of_attempt(const struct dial *dial)
{
    return deadline_earlier(dial->whole, dial->attempt);
}

struct deadline dial_deadline(const struct dial *dial)
{
    return deadline_earlier(end_of_attempt(dial), dial->legs.again);
}

int dial_disconnect(struct dial *dial)
{
    return connection_undo(dial);
}

/* Puts a socket like the first one, unconnected, under the number again, if another one is there. If that
 * cannot be, the other one stays: to the program it is nearly the same. */
static void put_back(struct dial *dial)
{
    if (dial->replaced && dial->replace(dial, DIAL_LIKE_FIRST) == 0)
        dial->replaced = dial->must_disconnect = dial->mapped = dial->v6only = false;
}

static int settle(struct dial *dial, enum dial_want result)
{
    if (result == DIAL_FAILED)
        put_back(dial);
    dial->settled = result;
    legs_tell(dial);
    leg_drop(dial);
    if (result == DIAL_FAILED)
        dial_report(dial, LOG_FAILURE);
    else
        dial_report(dial, LOG_CONNECTION);
    dial->state = DIAL_STATE_SETTLED;
    return (int)result;
}

/* The attempt has failed: go on with the next address or candidate. */
static int give_up(struct dial *dial, int error)
{
    int result;

    dial->error = error;
    dial->failed_in = dial->state;
    legs_reset(dial);
    result = dial_disconnect(dial);
    /* EBUSY: some kernels do not disconnect while another thread waits on the socket. Then there is no other
     * attempt. */
    if (result < 0)
        return settle(dial, DIAL_FAILED);
    dial->state = DIAL_STATE_CONNECT;
    return GO_ON;
}

/* An address that swallows packets must not use up the time of the others: an attempt is bounded while there
 * is another address, candidate or the fallback. */
static struct deadline attempt_deadline(const struct dial *dial, const struct addresses *list)
{
    struct endpoint another;
    unsigned number = dial->address;

    if (has_alternative(dial) || connection_find_address(dial, list, &number, &another))
        return deadline_in(dial->limits->attempt);
    return deadline_never();
}

static const struct addresses *proxy_addresses(const struct dial *dial)
{
    struct candidate *candidate = dial_candidate(dial);
    const struct addresses *known = atomic_load(&candidate->addresses);

    if (known && !(candidate_wants_look_up(candidate) && (!dial->may_wait || dial->may_wait(dial))))
        return known;
    return candidate_addresses(candidate, dial->net);
}

static bool next_address(struct dial *dial, struct endpoint *out)
{
    const struct addresses *list = proxy_addresses(dial);

    if (!list)
        dial->error = EHOSTUNREACH;
    else if (dial->address == 0)
        dial->error = EAFNOSUPPORT; /* stays if this socket can use none of the addresses */
    if (!list || !connection_find_address(dial, list, &dial->address, out))
        return false;
    out->port = dial_candidate(dial)->proxy.at.port;
    dial->attempt = attempt_deadline(dial, list);
    return true;
}

static uint64_t target_hash(const struct dial *dial)
{
    return hash_bytes(dial->authority, strlen(dial->authority)) | 1;
}

/* What the end of an attempt says about the proxy. */
static void judge_candidate(const struct dial *dial)
{
    bool was_asked = dial->failed_in == DIAL_STATE_READ || dial->failed_in == DIAL_STATE_BODY;

    if (was_asked && dial->handshake.state < HANDSHAKE_OPEN)
        candidate_silent(dial_candidate(dial), target_hash(dial));
    else if (!was_asked && dial->error != EAFNOSUPPORT) /* that is the socket's fault */
        candidate_failed(dial_candidate(dial));
}

static bool next_candidate(struct dial *dial)
{
    int next;

    if (dial->candidate >= 0) {
        judge_candidate(dial);
        if (has_alternative(dial))
            dial_report(dial, LOG_CONNECTION);
    }
    next = route_next(dial->route, dial->tried, target_hash(dial));
    if (next < 0)
        return false;
    dial->candidate = next;
    dial->address = 0;
    handshake_start(&dial->handshake); /* forgets the reply of the one before */
    dial->tried |= UINT32_C(1) << next;
    dial->attempt = deadline_never(); /* until there is an address */
    return true;
}

static int fall_back(struct dial *dial)
{
    int error;

    dial->candidate = -1;
    dial->attempt = deadline_never();
    put_back(dial);
    dial->replace = NULL; /* the kernel's own connect() replaces nothing */
    if (dial->route->count > 0)
        dial_say_fallback(dial);
    /* Before connect(2): if that waits, what others see of the socket is the kernel's own. */
    dial->state = DIAL_STATE_SETTLED;
    dial->settled = DIAL_DIRECT;
    dial->error = EINPROGRESS;
    error = connection_to_target(dial);
    if (error == DIAL_IS_OVERTAKEN)
        return DIAL_OVERTAKEN;
    dial->error = error;
    if (!connection_goes_on(error))
        dial->settled = DIAL_FAILED;
    return (int)dial->settled;
}

static int step_connect(struct dial *dial)
{
    struct endpoint address;
    int error;

    while (dial->candidate < 0 || !next_address(dial, &address))
        if (!next_candidate(dial))
            return may_fall_back(dial) ? fall_back(dial) : settle(dial, DIAL_FAILED);
    dial->state = DIAL_STATE_CONNECTING;
    error = connection_to_proxy(dial, &address);
    if (error == DIAL_IS_OVERTAKEN)
        return DIAL_OVERTAKEN;
    dial->state = DIAL_STATE_CONNECT; /* in which it fails, if it does */
    if (dial->left) {
        dial->address--;
        return DIAL_WANT_WRITE;
    }
    if (!connection_goes_on(error) && !dial->must_disconnect && !dial->replaced) {
        leg_drop(dial);
        dial->error = error;
        dial->unusable = true; /* an error of the program's: nothing to report */
        dial->settled = DIAL_FAILED;
        dial->state = DIAL_STATE_SETTLED;
        return DIAL_FAILED;
    }
    if (!connection_goes_on(error))
        return give_up(dial, error);
    dial->sent = 0;
    dial->state = DIAL_STATE_SEND;
    return dial->interrupted ? DIAL_WANT_WRITE : GO_ON;
}

/* Another thread waits in connect(2), or did until it was cancelled or jumped away: the kernel knows how far it is.
 * CLOSE without an error is that thread's to act upon: it has not called yet, or takes the error just now. */
static int step_connecting(struct dial *dial)
{
    uint8_t state = TCP_CLOSE; /* the first byte of struct tcp_info */
    socklen_t size = sizeof state, error_size = sizeof(int);
    int error = 0;

    if (dial->net->getsockopt(dial->fd, IPPROTO_TCP, TCP_INFO, &state, &size) < 0 || state == TCP_SYN_SENT)
        return DIAL_WANT_WRITE;
    if (state != TCP_CLOSE && !connection_is_ours(dial))
        return DIAL_WANT_WRITE;
    dial->must_disconnect = true;
    if (state == TCP_CLOSE) {
        dial->net->getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
        return error ? give_up(dial, error) : DIAL_WANT_WRITE;
    }
    dial->sent = 0;
    dial->state = DIAL_STATE_SEND;
    return GO_ON;
}

/* Connects to the same address again, for this leg or the next. */
static int connect_again(struct dial *dial)
{
    legs_keep_only_challenges(dial);
    dial->error = ECONNRESET;
    dial->failed_in = dial->state;
    if (dial_disconnect(dial) < 0)
        return settle(dial, DIAL_FAILED);
    dial->address--;
    dial->legs.another = true;
    dial->legs.used = false;
    dial->state = DIAL_STATE_CONNECT;
    return GO_ON;
}

static int lose_connection(struct dial *dial, int error)
{
    return legs_may_repeat(dial) ? connect_again(dial) : give_up(dial, error);
}

/* A connect(2) that is not finished shows as EAGAIN of send(2). It is not asked for by another
 * connect(2), because Linux answers 0 to the first one after the connection was made, and that answer
 * is the program's. */
static int send_rest(struct dial *dial, const char *request, size_t size)
{
    ssize_t sent;

    do
        sent =
            dial->net->send(dial->fd, request + dial->sent, size - dial->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EAGAIN || errno == EALREADY))
        return DIAL_WANT_WRITE;
    if (sent < 0)
        return lose_connection(dial, errno == EPIPE || errno == ENOTCONN ? ECONNRESET : errno);
    dial->was_asked = true;
    dial->sent += (size_t)sent;
    if (dial->sent < size)
        return DIAL_WANT_WRITE;
    dial_note(dial, "connected, CONNECT is sent", NULL, NULL);
    leg_drop(dial);
    handshake_start(&dial->handshake);
    if (!has_alternative(dial)) /* the address answers: there is nothing to go on to */
        dial->attempt = deadline_never();
    dial->state = DIAL_STATE_READ;
    return DIAL_WANT_READ;
}

/* Apart, so that its frame is not below authenticate()'s. */
static __attribute__((noinline)) int send_request(struct dial *dial)
{
    char request[HANDSHAKE_REQUEST_SIZE];
    size_t size = handshake_request(request, dial->authority, &dial_candidate(dial)->proxy);

    return send_rest(dial, request, size);
}

static int send_leg(struct dial *dial)
{
    const struct leg *leg;

    switch (legs_prepare(dial)) {
    case LEGS_WRITE:
        return DIAL_WANT_WRITE;
    case LEGS_WAIT:
        return DIAL_WANT_READ;
    case LEGS_BROKEN:
        return lose_connection(dial, dial->error);
    case LEGS_REFUSED:
        return settle(dial, DIAL_FAILED);
    case LEGS_READY:
        break;
    }
    leg = dial->legs.block;
    return send_rest(dial, leg->bytes + leg->at, leg->end - leg->at);
}

static int step_send(struct dial *dial)
{
    return legs_wanted(dial) ? send_leg(dial) : send_request(dial);
}

/* What came with the head and is not the body's has no meaning here. */
static int next_leg(struct dial *dial)
{
    struct dial_room *room = dial->room;
    struct body *body = &dial->legs.body;

    dial_note(dial, "answered ", NULL, &dial->handshake.reply);
    candidate_answered(dial_candidate(dial));
    dial->state = DIAL_STATE_BODY;
    if (!room)
        return GO_ON;
    room->at += body_feed(body, room->bytes + room->at, room->end - room->at);
    if (room->at < room->end)
        body->state = BODY_LOST;
    return GO_ON;
}

static int step_body(struct dial *dial)
{
    enum dial_want want;

    if (!legs_skip_body(dial, &want))
        return (int)want;
    handshake_start(&dial->handshake);
    dial->sent = 0;
    if (dial->legs.body.state == BODY_LOST)
        return connect_again(dial);
    dial->legs.used = true;
    dial->legs.another = false;
    dial->state = DIAL_STATE_SEND;
    return GO_ON;
}

static int end_page(struct dial *dial)
{
    refusal_say(dial);
    return settle(dial, DIAL_FAILED);
}

static int step_page(struct dial *dial)
{
    return refusal_read(dial) ? end_page(dial) : DIAL_WANT_READ;
}

static int end_of_reply(struct dial *dial)
{
    const struct reply *reply = &dial->handshake.reply;

    if (legs_go_on(dial))
        return next_leg(dial);
    dial_note(dial, "answered ", NULL, reply);
    candidate_answered(dial_candidate(dial));
    if (dial->handshake.state == HANDSHAKE_OPEN) {
        dial->error = 0;
        return settle(dial, DIAL_OPEN);
    }
    dial->error = dial_field_too_long(dial) ? EACCES : reply_error(reply);
    if (reply->proxy_ill && route_next(dial->route, dial->tried, 0) >= 0) {
        dial->address = ADDRESSES_MOST * 2; /* skips its other addresses: they lead to the same proxy */
        return give_up(dial, dial->error);
    }
    if (!dial->legs.block || !refusal_has_page(dial))
        return settle(dial, DIAL_FAILED);
    refusal_begin(dial);
    dial->state = DIAL_STATE_PAGE;
    return GO_ON;
}

/* Without .room, looks with MSG_PEEK and then takes what belongs to the head: the bytes behind it are the
 * program's to read. A head is taken in the pieces in which it comes: left in the socket it would keep
 * poll(2) from waiting, and one larger than the receive buffer would never be whole. */
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
    if (seen < 0) /* ENOTCONN: an MPTCP socket after a reset */
        return lose_connection(dial, errno == ENOTCONN ? ECONNRESET : errno);
    if (seen == 0)
        return lose_connection(dial, ECONNRESET);
    room->end = (size_t)seen;
    room->at = legs_feed(dial, room->bytes, room->end);
    if (peek && (dial->handshake.state != HANDSHAKE_REFUSED || dial->legs.block) &&
        dial->net->recv(dial->fd, room->bytes, room->at, MSG_DONTWAIT) < 0)
        return give_up(dial, errno);
    return dial->handshake.state >= HANDSHAKE_OPEN ? end_of_reply(dial) : GO_ON;
}

static int expire(struct dial *dial)
{
    dial->must_disconnect |=
        dial->state == DIAL_STATE_CONNECTING; /* whoever is in connect(2) has not said yet */
    if (dial->state == DIAL_STATE_PAGE)
        return end_page(dial);
    if (dial->legs.again.at != deadline_never().at) {
        legs_say_silent(dial);
        return settle(dial, DIAL_FAILED);
    }
    if (!deadline_passed(dial->whole))
        return give_up(dial, ETIMEDOUT);
    dial->error = ETIMEDOUT;
    dial->failed_in = dial->state;
    if (dial->candidate >= 0)
        judge_candidate(dial);
    return settle(dial, DIAL_FAILED);
}

/* In a process that was forked meanwhile. Nothing of the program's has been said yet. */
static int begin_anew(struct dial *dial)
{
    dial->legs.block = NULL;
    dial->legs.id = 0;
    dial->legs.made = false;
    handshake_start(&dial->handshake);
    dial->sent = 0;
    return connect_again(dial);
}

/* Who waits in connect(2) is bounded by whoever made the dial: see dial_connect. This is for one who left it. */
static struct deadline end_of_step(const struct dial *dial)
{
    struct deadline end = end_of_attempt(dial);

    if (dial->state == DIAL_STATE_CONNECTING && end.at != deadline_never().at)
        end.at += CONNECT_GRACE;
    return end;
}

enum dial_want dial_step(struct dial *dial)
{
    static int (*const steps[])(struct dial * dial) = {
        [DIAL_STATE_CONNECT] = step_connect, [DIAL_STATE_CONNECTING] = step_connecting,
        [DIAL_STATE_SEND] = step_send,       [DIAL_STATE_READ] = step_read,
        [DIAL_STATE_BODY] = step_body,       [DIAL_STATE_PAGE] = step_page,
    };
    int want = GO_ON;

    if (dial->state == DIAL_STATE_SETTLED)
        return dial->settled;
    if (legs_are_lost(dial))
        want = dial->state == DIAL_STATE_PAGE ? end_page(dial) : begin_anew(dial);
    while (want == GO_ON) {
        want = steps[dial->state](dial);
        /* Only after the step: a program that comes too late still gets the answer that came in time. */
        if ((want == DIAL_WANT_WRITE || want == DIAL_WANT_READ) && deadline_passed(end_of_step(dial)))
            want = expire(dial);
    }
    return (enum dial_want)want;
}
