#include <ptunnel/body.h>
#include <ptunnel/text.h>

#include <string.h>

enum { TRAILER_MOST = 4096 };

void body_start(struct body *body, bool http_1_0)
{
    *body = (struct body){ .old = http_1_0 };
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void take_length(struct body *body, const char *value, size_t size)
{
    long length = text_to_number(value, size, 0, BODY_MOST);

    if (length < 0 || (body->has_length && body->left != (uint32_t)length))
        body->state = BODY_LOST; /* two that differ: nobody knows which of them the proxy keeps to */
    body->has_length = true;
    body->left = length < 0 ? 0 : (uint32_t)length;
}

/* The words of a list: the last coding has to be `chunked`, or the body ends with the connection. */
static void take_coding(struct body *body, const char *value, size_t size)
{
    static const char name[] = "chunked";
    const size_t least = sizeof name - 1;

    body->other_coding = body->chunked || size != least || !text_begins(value, name);
    body->chunked = size >= least && text_begins(value + size - least, name) &&
                    (size == least || is_blank(value[size - least - 1]) || value[size - least - 1] == ',');
}

static void take_connection(struct body *body, const char *value, size_t size)
{
    for (size_t at = 0, end; at < size; at = end + 1) {
        while (at < size && (is_blank(value[at]) || value[at] == ','))
            at++;
        for (end = at; end < size && !is_blank(value[end]) && value[end] != ','; end++)
            ;
        if (end - at == 5 && text_begins(value + at, "close"))
            body->closes = true;
        if (end - at == 10 && text_begins(value + at, "keep-alive"))
            body->keep_alive = true;
    }
}

void body_field(struct body *body, const char *line, size_t size)
{
    static const struct {
        const char *name;
        void (*take)(struct body *body, const char *value, size_t size);
    } fields[] = {
        { "Content-Length:", take_length },
        { "Transfer-Encoding:", take_coding },
        { "Connection:", take_connection },
        { "Proxy-Connection:", take_connection },
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        size_t at = strlen(fields[i].name), end = size;

        if (size < at || !text_begins(line, fields[i].name))
            continue;
        while (at < end && is_blank(line[at]))
            at++;
        while (end > at && is_blank(line[end - 1]))
            end--;
        fields[i].take(body, line + at, end - at);
    }
}

static void begin_chunk(struct body *body)
{
    body->state = BODY_SIZE;
    body->left = 0;
    body->line = 0;
}

/* HTTP/1.0 closes, unless both sides said keep-alive; we never do, but proxies of that age do not listen. A
 * body with no size at all ends with the connection (RFC 9112 6.3, 8). */
void body_begin(struct body *body)
{
    bool coded = body->chunked || body->other_coding;

    if (body->state == BODY_LOST)
        return;
    body->closes |= body->old && !(body->keep_alive && body->has_length);
    if (body->closes || (coded ? !body->chunked || body->has_length : !body->has_length))
        body->state = BODY_LOST;
    else if (coded)
        begin_chunk(body);
    else
        body->state = body->left > 0 ? BODY_PLAIN : BODY_DONE;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void end_of_size(struct body *body)
{
    if (body->line == 0)
        body->state = BODY_LOST;
    else
        body->state = body->left > 0 ? BODY_PLAIN : BODY_TRAILER;
    body->line = 0;
}

static void take_size(struct body *body, char byte)
{
    int digit = hex_digit(byte);

    if (digit >= 0 && body->left <= BODY_MOST / 16) {
        body->left = body->left * 16 + (uint32_t)digit;
        body->line = 1;
    } else if (byte == '\n') {
        end_of_size(body);
    } else if (body->line > 0 && (byte == '\r' || byte == ';' || is_blank(byte))) {
        body->state = BODY_REST;
    } else {
        body->state = BODY_LOST;
    }
}

static void take_trailer(struct body *body, char byte)
{
    if (byte == '\n' && body->line == 0)
        body->state = BODY_DONE;
    else if (byte == '\n')
        body->line = 0;
    else if (byte != '\r' && ++body->line > TRAILER_MOST)
        body->state = BODY_LOST;
}

static void take(struct body *body, char byte)
{
    if (body->state == BODY_SIZE) {
        take_size(body, byte);
    } else if (body->state == BODY_REST) {
        if (byte == '\n')
            end_of_size(body);
    } else if (body->state == BODY_TRAILER) {
        take_trailer(body, byte);
    } else if (byte == '\n') { /* BODY_BEHIND */
        begin_chunk(body);
    } else if (byte != '\r') {
        body->state = BODY_LOST;
    }
}

size_t body_droppable(const struct body *body)
{
    return body->state == BODY_PLAIN ? body->left : 0;
}

void body_dropped(struct body *body, size_t size)
{
    body->left -= (uint32_t)size;
    body->taken += (uint32_t)size;
    if (body->left == 0)
        body->state = body->chunked ? BODY_BEHIND : BODY_DONE;
}

size_t body_feed(struct body *body, const char *bytes, size_t size)
{
    size_t used = 0;

    while (used < size && body->state != BODY_DONE && body->state != BODY_LOST) {
        size_t plain = body_droppable(body);

        if (plain > 0) {
            plain = plain < size - used ? plain : size - used;
            body_dropped(body, plain);
            used += plain;
        } else {
            take(body, bytes[used++]);
            body->taken++;
        }
        if (body->taken > BODY_MOST)
            body->state = BODY_LOST;
    }
    return used;
}
