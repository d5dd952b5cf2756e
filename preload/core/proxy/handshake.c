#include <ptunnel/handshake.h>

#include <string.h>

size_t handshake_request(char *out, const char *authority, const struct proxy *proxy)
{
    struct text request = text_in(out, HANDSHAKE_REQUEST_SIZE);

    text_print(&request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", authority, authority, proxy->fields);
    return text_size(&request);
}

void handshake_start(struct handshake *handshake)
{
    memset(handshake, 0, sizeof *handshake);
    handshake->state = HANDSHAKE_STATUS;
}

static void refuse(struct handshake *handshake)
{
    memset(&handshake->reply, 0, sizeof handshake->reply); /* status 0: not HTTP */
    handshake->state = HANDSHAKE_REFUSED;
}

static void end_status_line(struct handshake *handshake)
{
    memset(&handshake->reply, 0, sizeof handshake->reply);
    if (reply_status_line(&handshake->reply, handshake->line, handshake->line_size))
        handshake->state = HANDSHAKE_FIELDS;
    else
        refuse(handshake);
}

static void end_field_line(struct handshake *handshake)
{
    if (handshake->line_size > 0)
        reply_field(&handshake->reply, handshake->line, handshake->line_size);
    else if (handshake->reply.status < 200)
        handshake->state = HANDSHAKE_STATUS;
    else if (reply_error(&handshake->reply) == 0)
        handshake->state = HANDSHAKE_OPEN;
    else
        handshake->state = HANDSHAKE_REFUSED;
}

static void end_line(struct handshake *handshake)
{
    if (handshake->line_size > 0 && handshake->line[handshake->line_size - 1] == '\r')
        handshake->line_size--;
    if (handshake->state == HANDSHAKE_STATUS)
        end_status_line(handshake);
    else
        end_field_line(handshake);
    handshake->line_size = 0;
}

/* Whether the first bytes already differ from "HTTP/": a peer that is no HTTP server may never send a line
 * end. */
static bool cannot_be_http(const struct handshake *handshake)
{
    static const char start[] = "HTTP/1.";
    size_t compare = handshake->line_size < sizeof start - 1 ? handshake->line_size : sizeof start - 1;

    return handshake->state == HANDSHAKE_STATUS && memcmp(handshake->line, start, compare) != 0;
}

static void take(struct handshake *handshake, char byte)
{
    if (++handshake->head_size > HANDSHAKE_HEAD_MOST || byte == '\0') {
        refuse(handshake);
    } else if (byte == '\n') {
        end_line(handshake);
    } else if (handshake->line_size < sizeof handshake->line) {
        handshake->line[handshake->line_size++] = byte;
        if (cannot_be_http(handshake))
            refuse(handshake);
    }
}

size_t handshake_feed(struct handshake *handshake, const char *bytes, size_t size)
{
    size_t used = 0;

    while (used < size && handshake->state < HANDSHAKE_OPEN)
        take(handshake, bytes[used++]);
    return used;
}
