#include "legs.h"
#include "dial_words.h"
#include "refusal.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool legs_wanted(const struct dial *dial)
{
    return dial->candidate >= 0 && dial_candidate(dial)->proxy.account && dial->legs.authenticate;
}

bool legs_are_lost(const struct dial *dial)
{
    return dial->legs.block && dial->legs.owner != getpid();
}

void leg_drop(struct dial *dial)
{
    if (dial->legs.block && !legs_are_lost(dial))
        munmap(dial->legs.block, sizeof *dial->legs.block);
    dial->legs.block = NULL;
}

void legs_tell(struct dial *dial)
{
    if (!dial->legs.tell)
        return;
    dial->legs.tell = false;
    dial->legs.authenticate(dial, NULL);
}

void legs_reset(struct dial *dial)
{
    legs_tell(dial);
    leg_drop(dial);
    dial->legs = (struct dial_legs){ .authenticate = dial->legs.authenticate, .again = deadline_never() };
}

/* Memory of the kernel's, zeroed; only what is written to is ever there. */
static struct leg *need_block(struct dial *dial)
{
    struct leg *leg = dial->legs.block;

    if (leg)
        return leg;
    leg = mmap(NULL, sizeof *leg, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (leg == MAP_FAILED)
        return NULL;
    dial->legs.owner = getpid();
    return dial->legs.block = leg;
}

static enum legs_next refuse(struct dial *dial, int error, const char *words)
{
    struct text said;

    if (words) {
        said = text_in(dial->legs.words, sizeof dial->legs.words);
        text_add(&said, words);
    }
    dial->error = error;
    dial->failed_in = dial->state;
    return LEGS_REFUSED;
}

/* In front of the field, so that all is one piece: the request but for its empty line, which goes behind. */
static void make_request(struct dial *dial, struct leg *leg)
{
    size_t head = handshake_request(leg->bytes, dial->authority, &dial_candidate(dial)->proxy) - 2;

    dial->legs.field_size = (uint32_t)leg->size;
    dial->legs.made = leg->request = true;
    dial->legs.count++;
    leg->at = LEG_FRONT - head;
    memmove(leg->bytes + leg->at, leg->bytes, head);
    memcpy(leg_text(leg) + leg->size, "\r\n", 2);
    leg->end = LEG_FRONT + leg->size + 2;
}

/* Somebody is asked only when the connection is there: what is said ages, and would be lost with an
 * address that cannot be reached. What can be read now, before anything was asked, is an end or belongs to
 * nothing. */
static enum legs_next look_at_connection(struct dial *dial)
{
    struct pollfd ready = { .fd = dial->fd, .events = POLLIN | POLLOUT };
    socklen_t size = sizeof dial->error;

    if (dial->net->poll(&ready, 1, 0) <= 0)
        return LEGS_WRITE;
    if (!(ready.revents & ~POLLOUT))
        return LEGS_READY;
    dial->error = 0;
    dial->net->getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &dial->error, &size);
    if (dial->error == 0)
        dial->error = ECONNRESET;
    return LEGS_BROKEN;
}

static enum legs_next ask(struct dial *dial)
{
    struct leg *leg = need_block(dial);
    int result;

    if (!leg)
        return refuse(dial, ENOBUFS, "no memory for what the proxy wants to be told");
    result = dial->legs.authenticate(dial, leg);
    if (result < 0)
        return refuse(dial, -result, NULL);
    if (result == 0) {
        make_request(dial, leg);
        return LEGS_READY;
    }
    dial->legs.again = deadline_in(result);
    if (leg->size == 0)
        leg_drop(dial);
    return LEGS_WAIT;
}

enum legs_next legs_prepare(struct dial *dial)
{
    enum legs_next connection;

    if (dial->legs.block && dial->legs.block->request)
        return LEGS_READY;
    connection = look_at_connection(dial);
    if (connection != LEGS_READY)
        return connection;
    if (dial->legs.again.at != deadline_never().at && !deadline_passed(dial->legs.again))
        return LEGS_WAIT;
    dial->legs.again = deadline_never();
    return ask(dial);
}

void legs_say_silent(struct dial *dial)
{
    refuse(dial, EACCES, "the agent did not answer");
}

void legs_keep_only_challenges(struct dial *dial)
{
    if (dial->legs.block && dial->legs.block->request)
        leg_drop(dial);
}

static const char wanted_field[] = "Proxy-Authenticate:";

/* A line that begins with a blank goes on with the one before (RFC 9112 5.2). */
static void end_line(struct leg *leg, struct body *body)
{
    char *line = leg_text(leg) + leg->line;
    size_t size = leg->size - leg->line;
    bool folded = size > 0 && (line[0] == ' ' || line[0] == '\t');

    if (size > 0 && line[size - 1] == '\r')
        size--;
    if (!folded)
        leg->keeps = size >= sizeof wanted_field - 1 && text_begins(line, wanted_field);
    if (leg->keeps && !leg->cut && leg->line + size < LEG_FIELD_MOST) {
        if (folded)
            line[-1] = ' ';
        line[size] = '\n';
        leg->line += size + 1;
    } else if (!folded) {
        body_field(body, line, size);
    }
    leg->size = leg->line;
    leg->cut = false;
}

static void keep(struct leg *leg, struct body *body, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] == '\n')
            end_line(leg, body);
        else if (leg->size < LEG_FIELD_MOST)
            leg_text(leg)[leg->size++] = bytes[i];
        else
            leg->cut = true;
}

static bool keeps_challenges(const struct dial *dial)
{
    return dial->handshake.reply.status == 407 && legs_wanted(dial) && dial->legs.count < LEGS_MOST;
}

/* Of a status line that came in pieces the first is not seen here; it is none of the fields that count. */
size_t legs_feed(struct dial *dial, const char *bytes, size_t size)
{
    struct handshake *handshake = &dial->handshake;
    size_t used = handshake_feed(handshake, bytes, size);

    if (!keeps_challenges(dial) && !refusal_has_page(dial))
        return used;
    if (!dial->legs.block) {
        if (!need_block(dial))
            return used;
        body_start(&dial->legs.body, handshake->reply.old);
    }
    keep(dial->legs.block, &dial->legs.body, bytes, used);
    return used;
}

bool legs_go_on(struct dial *dial)
{
    if (dial->handshake.reply.status != 407 || !dial->legs.block)
        return false;
    dial->legs.made = dial->legs.tell = false;
    body_begin(&dial->legs.body);
    return true;
}

/* With MSG_TRUNC a TCP socket drops what it would otherwise have copied. */
static ssize_t skip_some(struct dial *dial, struct body *body)
{
    char bytes[256];
    size_t plain = body_droppable(body);
    ssize_t seen = plain ? dial->net->recv(dial->fd, NULL, plain, MSG_TRUNC | MSG_DONTWAIT)
                         : dial->net->recv(dial->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);

    if (seen <= 0)
        return seen;
    if (plain) {
        body_dropped(body, (size_t)seen);
        return seen;
    }
    return dial->net->recv(dial->fd, bytes, body_feed(body, bytes, (size_t)seen), MSG_DONTWAIT);
}

bool legs_skip_body(struct dial *dial, enum dial_want *want)
{
    struct body *body = &dial->legs.body;

    while (body->state != BODY_DONE && body->state != BODY_LOST) {
        ssize_t seen = skip_some(dial, body);

        if (seen < 0 && errno == EAGAIN) {
            *want = DIAL_WANT_READ;
            return false;
        }
        if (seen == 0 || (seen < 0 && errno != EINTR))
            body->state = BODY_LOST;
    }
    return true;
}

bool legs_may_repeat(struct dial *dial)
{
    if (!legs_wanted(dial) || !dial->legs.used || dial->legs.lost || dial->handshake.head_size > 0)
        return false;
    dial->legs.lost = true;
    if (dial->legs.made)
        dial->legs.count--;
    dial->legs.made = false;
    return true;
}
