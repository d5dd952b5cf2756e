/* Bodies to skip: where they end, whatever the pieces in which they come. */
#include "support/rows.h"
#include "support/wall.h"

#include <ptunnel/body.h>

#include <string.h>

enum { LOST = -1, GOES_ON = -2 };

#define CHUNKED "Transfer-Encoding: chunked"
#define BIG     "0123456789abcdef0123456789abcdef0123456789abcdef"

/* The fields are parted by '\n'. */
static const struct {
    const char *name;
    bool old;
    const char *fields, *bytes;
    int size; /* of the body, or one of the above */
} bodies[] = {
    { "a length", false, "Content-Length: 5", "helloHTTP/1.1", 5 },
    { "no bytes at all", false, "Content-Length: 0", "HTTP/1.1", 0 },
    { "more to come", false, "Content-Length: 500", "hello", GOES_ON },
    { "the same length twice", false, "Content-Length: 5\ncontent-length:5", "hello", 5 },
    { "two lengths", false, "Content-Length: 5\nContent-Length: 4", "hello", LOST },
    { "two lengths in one", false, "Content-Length: 5, 5", "hello", LOST },
    { "a length that is none", false, "Content-Length: +5", "hello", LOST },
    { "an empty length", false, "Content-Length:", "hello", LOST },
    { "a length beyond reason", false, "Content-Length: 1048577", "hello", LOST },
    { "nothing is said", false, "Server: squid", "hello", LOST },
    { "the connection closes", false, "Content-Length: 5\nConnection: close", "hello", LOST },
    { "among other words", false, "Content-Length: 5\nConnection: foo , Close", "hello", LOST },
    { "by the other name", false, "Content-Length: 5\nProxy-Connection: close", "hello", LOST },
    { "closed is another word", false, "Content-Length: 5\nConnection: closed, disclose", "hello", 5 },
    { "close wins", false, "Content-Length: 5\nConnection: close\nConnection: keep-alive", "hello", LOST },
    { "HTTP/1.0", true, "Content-Length: 5", "hello", LOST },
    { "HTTP/1.0 that stays", true, "Content-Length: 5\nConnection: keep-alive", "hello", 5 },
    { "HTTP/1.0 that would stay but for the length", true, "Proxy-Connection: Keep-Alive", "hello", LOST },
    { "chunks", false, CHUNKED, "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nHTTP", 21 },
    { "none but the last", false, CHUNKED, "0\r\n\r\nHTTP", 5 },
    { "bare line ends", false, CHUNKED, "5\nhello\n0\n\nHTTP", 11 },
    { "hexadecimal", false, CHUNKED, "2F\r\n" BIG, LOST },
    { "hexadecimal, either case", false, CHUNKED, "0030\r\n" BIG "\r\n00\r\n\r\n", 62 },
    { "an extension", false, CHUNKED, "5;name=\"value\"\r\nhello\r\n0 ; x\r\n\r\n", 32 },
    { "trailers", false, CHUNKED, "0\r\nServer: x\r\nDate: y\r\n\r\nHTTP", 25 },
    { "more chunks to come", false, CHUNKED, "5\r\nhello\r\n", GOES_ON },
    { "a size without digits", false, CHUNKED, "\r\nhello", LOST },
    { "a size with a sign", false, CHUNKED, "-5\r\nhello", LOST },
    { "a size beyond reason", false, CHUNKED, "fffffffffffffffff\r\n", LOST },
    { "a chunk longer than its size", false, CHUNKED, "4\r\nhello\r\n", LOST },
    { "another coding first", false, "Transfer-Encoding: gzip, chunked", "0\r\n\r\n", 5 },
    { "another coding last", false, "Transfer-Encoding: chunked, gzip", "0\r\n\r\n", LOST },
    { "in two fields", false, "Transfer-Encoding: gzip\nTransfer-Encoding: chunked", "0\r\n\r\n", 5 },
    { "in two fields, the other way", false, "Transfer-Encoding: chunked\nTransfer-Encoding: gzip", "0\r\n\r\n", LOST },
    { "the end of another word", false, "Transfer-Encoding: unchunked", "0\r\n\r\n", LOST },
    { "chunks and a length: smuggled", false, CHUNKED "\nContent-Length: 5", "0\r\n\r\n", LOST },
};

static void begin(struct body *body, const typeof(*bodies) *row)
{
    const char *at = row->fields;

    body_start(body, row->old);
    while (*at) {
        size_t size = strcspn(at, "\n");

        body_field(body, against_wall(1, at, size), size);
        at += size + (at[size] == '\n');
    }
    body_begin(body);
}

static void check_end(const struct body *body, const typeof(*bodies) *row, size_t used)
{
    if (row->size == LOST) {
        assert_int_equal(body->state, BODY_LOST);
    } else if (row->size == GOES_ON) {
        assert_true(body->state != BODY_LOST && body->state != BODY_DONE);
        assert_int_equal(used, strlen(row->bytes));
    } else {
        assert_int_equal(body->state, BODY_DONE);
        assert_int_equal(used, row->size);
    }
}

static void ends_there_at_every_cut(void **state)
{
    const typeof(*bodies) *row = *state;
    size_t size = strlen(row->bytes);

    for (size_t cut = 0; cut <= size; cut++) {
        struct body body;
        size_t used;

        begin(&body, row);
        used = body_feed(&body, against_wall(0, row->bytes, cut), cut);
        used += body_feed(&body, against_wall(0, row->bytes + used, size - used), size - used);
        check_end(&body, row, used);
    }
}

/* As the dial does: content is dropped unseen, the rest comes a byte at a time. */
static void ends_there_if_content_is_dropped(void **state)
{
    const typeof(*bodies) *row = *state;
    size_t size = strlen(row->bytes), used = 0;
    struct body body;

    begin(&body, row);
    while (used < size && body.state != BODY_DONE && body.state != BODY_LOST) {
        size_t plain = body_droppable(&body);

        if (plain > size - used)
            plain = size - used;
        if (plain > 0)
            body_dropped(&body, plain);
        else
            assert_int_equal(body_feed(&body, row->bytes + used, 1), 1);
        used += plain ? plain : 1;
    }
    check_end(&body, row, used);
}

static void has_an_end(void **state)
{
    struct body body;
    size_t all = 0;

    (void)state;
    body_start(&body, false);
    body_field(&body, CHUNKED, strlen(CHUNKED));
    body_begin(&body);
    for (size_t used = 1; used > 0 && all < 2 * BODY_MOST; all += used)
        used = body_feed(&body, "5\r\nhello\r\n", 10);
    assert_int_equal(body.state, BODY_LOST);
    assert_in_range(all, BODY_MOST, BODY_MOST + 16);
}

int main(void)
{
    ROWS(bodies, ends_there_at_every_cut);
    ROWS(bodies, ends_there_if_content_is_dropped);
    STORY(has_an_end);
    return rows_run("body");
}
