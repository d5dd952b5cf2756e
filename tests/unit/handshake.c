/* The handshake: the bytes of the request, and the reply at every cut. Each row is fed whole, byte by byte,
 * and in two pieces at each place where it can be cut, always against an unreadable page. */
#include "support/rows.h"
#include "support/wall.h"

#include <ptunnel/handshake.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(literal) literal, sizeof(literal) - 1
#define TEN            "0123456789"
#define HUNDRED        TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define L63            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HOST_253                                                                                             \
    L63 "." L63 "." L63 "."                                                                                  \
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *name, *target, *proxy, *request;
} requests[] = {
    { "a name", "example.org:22", "proxy:3128",
      "CONNECT example.org:22 HTTP/1.1\r\nHost: example.org:22\r\n\r\n" },
    { "port 80 is said", "example.org:80", "proxy",
      "CONNECT example.org:80 HTTP/1.1\r\nHost: example.org:80\r\n\r\n" },
    { "a last dot is not sent", "example.org.:22", "proxy",
      "CONNECT example.org:22 HTTP/1.1\r\nHost: example.org:22\r\n\r\n" },
    { "IPv4", "192.0.2.1:443", "proxy", "CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: 192.0.2.1:443\r\n\r\n" },
    { "IPv6 in brackets", "[2001:DB8::1]:443", "proxy",
      "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n" },
    { "a mapped address as IPv4", "[::ffff:192.0.2.1]:443", "proxy",
      "CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: 192.0.2.1:443\r\n\r\n" },
    { "credentials", "example.org:22", "http://Aladdin:open%20sesame@proxy",
      "CONNECT example.org:22 HTTP/1.1\r\nHost: example.org:22\r\n"
      "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n" },
    { "credentials with : @ / %", "example.org:22", "u:%3A%40%2F%25@proxy",
      "CONNECT example.org:22 HTTP/1.1\r\nHost: example.org:22\r\nProxy-Authorization: Basic "
      "dTo6QC8l\r\n\r\n" },
    { "the longest name", HOST_253 ":65535", "proxy",
      "CONNECT " HOST_253 ":65535 HTTP/1.1\r\nHost: " HOST_253 ":65535\r\n\r\n" },
};

static void request(void **state)
{
    const typeof(*requests) *row = *state;
    char out[HANDSHAKE_REQUEST_SIZE], again[HANDSHAKE_REQUEST_SIZE], authority[ENDPOINT_TEXT_SIZE];
    static struct proxy proxy;
    struct endpoint target;
    size_t size;

    assert_null(endpoint_parse(&target, row->target, strlen(row->target), 0));
    assert_null(proxy_parse(&proxy, row->proxy, strlen(row->proxy)));
    endpoint_print(&target, authority);
    size = handshake_request(out, authority, &proxy);
    assert_string_equal(out, row->request);
    assert_int_equal(size, strlen(row->request));
    assert_int_equal(handshake_request(again, authority, &proxy), size);
    assert_memory_equal(out, again, size);
}

static void the_longest_request_is_not_cut(void **state)
{
    static char out[HANDSHAKE_REQUEST_SIZE], field[PROXY_FIELDS_SIZE];
    static struct proxy proxy;
    size_t size;

    (void)state;
    assert_null(proxy_parse(&proxy, BYTES("proxy")));
    field[0] = 'X';
    field[1] = ':';
    memset(field + 2, 'v', PROXY_FIELDS_SIZE - 3 - 2);
    assert_null(proxy_add_field(&proxy, field));
    size = handshake_request(out, HOST_253 ":65535", &proxy);
    assert_int_equal(size, strlen("CONNECT  HTTP/1.1\r\nHost: \r\n\r\n") + 2 * strlen(HOST_253 ":65535") +
                               PROXY_FIELDS_SIZE - 1);
    assert_string_equal(out + size - 5, "v\r\n\r\n");
}

/* What must not get into a request is refused before there is one. */
static const struct {
    const char *name, *target;
} injections[] = {
    { "CRLF and a field", "example.org\r\nX-Y: z" },
    { "CR", "example.org\r" },
    { "LF", "example.org\n" },
    { "a second request", "a:1 HTTP/1.1\r\n\r\nGET http://intern/" },
    { "a blank", "example.org HTTP/1.1" },
    { "a tab", "example.org\tx" },
    { "254 bytes", "b" HOST_253 },
    { "userinfo", "user@example.org" },
    { "a path", "example.org/x" },
    { "a fragment", "example.org#x" },
    { "nothing", "" },
};

static void injection_is_refused(void **state)
{
    const typeof(*injections) *row = *state;
    struct endpoint target;

    assert_non_null(endpoint_set_host(&target, row->target, strlen(row->target)));
}

#define OPEN    HANDSHAKE_OPEN
#define REFUSED HANDSHAKE_REFUSED
#define OK      "HTTP/1.1 200 OK\r\n"
#define SSH     "SSH-2.0-OpenSSH_9.2\r\n"

static const struct {
    const char *name, *reply;
    size_t size, head; /* head: bytes that are the handshake's; 0: all */
    enum handshake_state state;
    int status, error;
} replies[] = {
    { "200", BYTES(OK "\r\n"), 0, OPEN, 200, 0 },
    { "200 and the target's first bytes", BYTES(OK "\r\n" SSH), 19, OPEN, 200, 0 },
    { "the target speaks HTTP", BYTES(OK "\r\n" OK "\r\n"), 19, OPEN, 200, 0 },
    { "the target begins with an empty line", BYTES(OK "\r\n\r\n\n"), 19, OPEN, 200, 0 },
    { "the target begins with NUL", BYTES(OK "\r\n\0\0\0"), 19, OPEN, 200, 0 },
    { "HTTP/1.0", BYTES("HTTP/1.0 200 Connection established\r\n\r\n"), 0, OPEN, 200, 0 },
    { "no reason", BYTES("HTTP/1.0 200\r\n\r\n" SSH), 16, OPEN, 200, 0 },
    { "no reason, but its blank", BYTES("HTTP/1.1 200 \r\n\r\n"), 0, OPEN, 200, 0 },
    { "201", BYTES("HTTP/1.1 201 Created\r\n\r\n"), 0, OPEN, 201, 0 },
    { "204", BYTES("HTTP/1.1 204 No Content\r\n\r\n"), 0, OPEN, 204, 0 },
    { "299", BYTES("HTTP/1.1 299 x\r\n\r\n"), 0, OPEN, 299, 0 },
    { "fields", BYTES(OK "Via: 1.1 p\r\nDate: now\r\n\r\n" SSH), 42, OPEN, 200, 0 },
    { "Content-Length of a 2xx is ignored (RFC 9110 9.3.6)", BYTES(OK "Content-Length: 4\r\n\r\nabcd"), 38,
      OPEN, 200, 0 },
    { "Transfer-Encoding of a 2xx is ignored", BYTES(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 47,
      OPEN, 200, 0 },

    { "bare LF", BYTES("HTTP/1.1 200 OK\n\n" SSH), 17, OPEN, 200, 0 },
    { "bare LF behind the fields only", BYTES(OK "A: b\r\n\n" SSH), 24, OPEN, 200, 0 },
    { "bare LF, then CRLF", BYTES("HTTP/1.1 200 OK\nA: b\n\r\nx"), 23, OPEN, 200, 0 },
    { "LF CR LF CR LF is one empty line", BYTES("HTTP/1.1 200 OK\n\r\n\r\n"), 18, OPEN, 200, 0 },
    { "CR CR LF is no empty line", BYTES(OK "\r\r\n\r\n"), 22, OPEN, 200, 0 },
    { "CR alone ends nothing", BYTES(OK "A: b\r\rC: d\r\n\r\n"), 0, OPEN, 200, 0 },
    { "a blank is no empty line", BYTES(OK " \r\n\r\n"), 0, OPEN, 200, 0 },
    { "a tab is no empty line", BYTES(OK "\t\r\n\r\n"), 0, OPEN, 200, 0 },

    { "100 is skipped", BYTES("HTTP/1.1 100 Continue\r\n\r\n" OK "\r\nx"), 44, OPEN, 200, 0 },
    { "several 1xx are skipped",
      BYTES("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 x\r\nA: b\r\n\r\nHTTP/1.1 103 y\n\n" OK "\r\nx"), 84,
      OPEN, 200, 0 },
    { "a refusal behind a 1xx", BYTES("HTTP/1.1 100 x\r\n\r\nHTTP/1.1 403 no\r\n\r\n"), 0, REFUSED, 403,
      EACCES },
    { "a 1xx's cause is not the answer's",
      BYTES("HTTP/1.1 102 x\r\nProxy-Status: p;error=dns_error\r\n\r\nHTTP/1.1 504 y\r\n\r\n"), 0, REFUSED,
      504, ETIMEDOUT },
    { "garbage behind a 1xx", BYTES("HTTP/1.1 100 x\r\n\r\n" SSH), 19, REFUSED, 0, ECONNREFUSED },
    { "only a 1xx", BYTES("HTTP/1.1 100 x\r\n\r\n"), 0, HANDSHAKE_STATUS, 100, 0 },

    { "403 with a body", BYTES("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"), 45, REFUSED, 403,
      EACCES },
    { "407", BYTES("HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n\r\n"), 0, REFUSED, 407, EACCES },
    { "302", BYTES("HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n"), 0, REFUSED, 302, ECONNREFUSED },
    { "404", BYTES("HTTP/1.1 404 Not Found\r\n\r\n"), 0, REFUSED, 404, EHOSTUNREACH },
    { "503", BYTES("HTTP/1.1 503 x\r\n\r\n"), 0, REFUSED, 503, ECONNREFUSED },
    { "504", BYTES("HTTP/1.1 504 x\r\n\r\n"), 0, REFUSED, 504, ETIMEDOUT },
    { "503 with Squid's cause", BYTES("HTTP/1.1 503 x\r\nX-Squid-Error: ERR_CONNECT_FAIL 110\r\n\r\n"), 0,
      REFUSED, 503, ETIMEDOUT },
    { "502 with a Proxy-Status", BYTES("HTTP/1.1 502 x\r\nproxy-status: p;error=dns_error\r\n\r\n"), 0,
      REFUSED, 502, EHOSTUNREACH },

    { "a folded line", BYTES(OK "A: b\r\n c\r\n\td\r\n\r\nx"), 33, OPEN, 200, 0 },
    { "a folded line that looks like a field",
      BYTES("HTTP/1.1 504 x\r\nA: b\r\n Proxy-Status: p;error=dns_error\r\n\r\n"), 0, REFUSED, 504,
      ETIMEDOUT },
    { "a field without a colon", BYTES(OK "nonsense\r\n\r\n"), 0, OPEN, 200, 0 },
    { "an overlong field", BYTES(OK "A: " HUNDRED HUNDRED HUNDRED "\r\n\r\nx"), 324, OPEN, 200, 0 },
    { "an overlong reason", BYTES("HTTP/1.1 200 " HUNDRED HUNDRED HUNDRED "\r\n\r\nx"), 317, OPEN, 200, 0 },
    { "a line as long as what is kept of it", BYTES(OK HUNDRED HUNDRED TEN TEN TEN TEN TEN "123456\r\n\r\nx"),
      277, OPEN, 200, 0 },
    { "a line one byte shorter", BYTES(OK HUNDRED HUNDRED TEN TEN TEN TEN TEN "12345\r\n\r\nx"), 276, OPEN,
      200, 0 },
    { "what stands behind what is kept does not count",
      BYTES("HTTP/1.1 504 x\r\nA: " HUNDRED HUNDRED HUNDRED "\nProxy-Status: p;error=dns_error\n\n"), 0,
      REFUSED, 504, EHOSTUNREACH },

    { "an SSH banner", BYTES(SSH), 1, REFUSED, 0, ECONNREFUSED },
    { "a TLS alert", BYTES("\x15\x03\x01\x00\x02\x02\x16"), 1, REFUSED, 0, ECONNREFUSED },
    { "SMTP", BYTES("220 mail ESMTP\r\n"), 1, REFUSED, 0, ECONNREFUSED },
    { "HTML", BYTES("<html>\r\n"), 1, REFUSED, 0, ECONNREFUSED },
    { "SOCKS", BYTES("\x05\xff"), 1, REFUSED, 0, ECONNREFUSED },
    { "HTTP/2's settings", BYTES("\0\0\x06\x04"), 1, REFUSED, 0, ECONNREFUSED },
    { "an empty line first", BYTES("\r\n" OK "\r\n"), 1, REFUSED, 0, ECONNREFUSED },
    { "an empty line first, LF", BYTES("\n" OK "\r\n"), 1, REFUSED, 0, ECONNREFUSED },
    { "nearly HTTP", BYTES("HTTPS/1.1 200 OK\r\n\r\n"), 5, REFUSED, 0, ECONNREFUSED },
    { "HTTP/2.0", BYTES("HTTP/2.0 200 OK\r\n\r\n"), 6, REFUSED, 0, ECONNREFUSED },
    { "a status that is none", BYTES("HTTP/1.1 20x OK\r\n\r\n"), 17, REFUSED, 0, ECONNREFUSED },
    { "the version alone", BYTES("HTTP/1.1\r\n\r\n"), 10, REFUSED, 0, ECONNREFUSED },
    { "NUL in the version", BYTES("HTTP\0/1.1 200 OK\r\n\r\n"), 5, REFUSED, 0, ECONNREFUSED },
    { "NUL in the reason", BYTES("HTTP/1.1 200 O\0K\r\n\r\n"), 15, REFUSED, 0, ECONNREFUSED },
    { "NUL in a field", BYTES(OK "A: \0\r\n\r\n"), 21, REFUSED, 0, ECONNREFUSED },
    { "NUL in front of the empty line", BYTES(OK "\0\r\n"), 18, REFUSED, 0, ECONNREFUSED },
    { "NUL in the empty line", BYTES(OK "\r\0\n"), 19, REFUSED, 0, ECONNREFUSED },
    { "NUL behind what is kept of a line", BYTES(OK "A: " HUNDRED HUNDRED HUNDRED "\0\r\n\r\n"), 321, REFUSED,
      0, ECONNREFUSED },
    { "NUL in a refusal", BYTES("HTTP/1.1 403 x\r\nA: \0\r\n\r\n"), 20, REFUSED, 0, ECONNREFUSED },

    { "nothing", BYTES(""), 0, HANDSHAKE_STATUS, 0, 0 },
    { "it ends in the status line", BYTES("HTTP/1.1 200 OK"), 0, HANDSHAKE_STATUS, 0, 0 },
    { "it ends behind the status line", BYTES(OK), 0, HANDSHAKE_FIELDS, 200, 0 },
    { "it ends in a field", BYTES(OK "A: b"), 0, HANDSHAKE_FIELDS, 200, 0 },
    { "it ends in the empty line", BYTES(OK "\r"), 0, HANDSHAKE_FIELDS, 200, 0 },
};

struct outcome {
    size_t used;
    struct handshake handshake;
};

static void feed(struct outcome *outcome, const char *bytes, size_t size)
{
    size_t used = handshake_feed(&outcome->handshake, against_wall(0, bytes, size), size);

    assert_true(used <= size);
    assert_true(outcome->handshake.line_size <= sizeof outcome->handshake.line);
    outcome->used += used;
}

/* In pieces of `piece` bytes, the first one `first` long. */
static struct outcome fed(const char *reply, size_t size, size_t first, size_t piece)
{
    struct outcome outcome = { 0 };

    handshake_start(&outcome.handshake);
    feed(&outcome, reply, first);
    while (outcome.handshake.state < HANDSHAKE_OPEN && outcome.used < size)
        feed(&outcome, reply + outcome.used, size - outcome.used < piece ? size - outcome.used : piece);
    return outcome;
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->used, b->used);
    assert_int_equal(a->handshake.state, b->handshake.state);
    assert_int_equal(a->handshake.head_size, b->handshake.head_size);
    assert_memory_equal(&a->handshake.reply, &b->handshake.reply, sizeof a->handshake.reply);
}

static void every_cut_gives_the_same_answer(void **state)
{
    const typeof(*replies) *row = *state;
    struct outcome whole = fed(row->reply, row->size, row->size, row->size), cut;

    assert_int_equal(whole.handshake.state, row->state);
    assert_int_equal(whole.used, row->head ? row->head : row->size);
    assert_int_equal(whole.handshake.reply.status, row->status);
    if (row->state >= HANDSHAKE_OPEN)
        assert_int_equal(reply_error(&whole.handshake.reply), row->error);
    for (size_t first = 0; first < row->size; first++) {
        cut = fed(row->reply, row->size, first, row->size);
        assert_same(&whole, &cut);
        cut = fed(row->reply, row->size, first, 1);
        assert_same(&whole, &cut);
    }
}

static void a_settled_handshake_takes_nothing(void **state)
{
    struct outcome open = fed(BYTES(OK "\r\n"), 19, 1), refused = fed(BYTES(SSH), 1, 1);

    (void)state;
    assert_int_equal(handshake_feed(&open.handshake, "x", 1), 0);
    assert_int_equal(handshake_feed(&refused.handshake, "x", 1), 0);
    assert_int_equal(open.handshake.state, HANDSHAKE_OPEN);
    assert_int_equal(refused.handshake.state, HANDSHAKE_REFUSED);
}

/* Heads near the limit, too large to be written down: `before`, then `filler` again and again (the last one
 * cut), then `after`, in all `size` bytes. */
static const struct {
    const char *name, *before, *filler, *after;
    size_t size;
    enum handshake_state state;
    int status;
} large[] = {
    { "one long field, at the limit", OK "A: ", "v", "\r\n\r\n", HANDSHAKE_HEAD_MOST, OPEN, 200 },
    { "one long field, one over", OK "A: ", "v", "\r\n\r\n", HANDSHAKE_HEAD_MOST + 1, REFUSED, 0 },
    { "many fields, at the limit", OK, "A: b\r\n", "\r\n\r\n", HANDSHAKE_HEAD_MOST, OPEN, 200 },
    { "many fields, one over", OK, "A: b\r\n", "\r\n\r\n", HANDSHAKE_HEAD_MOST + 1, REFUSED, 0 },
    { "a long reason, at the limit", "HTTP/1.1 200 ", "v", "\r\n\r\n", HANDSHAKE_HEAD_MOST, OPEN, 200 },
    { "a long reason, one over", "HTTP/1.1 200 ", "v", "\r\n\r\n", HANDSHAKE_HEAD_MOST + 1, REFUSED, 0 },
    { "1xx count, at the limit", "HTTP/1.1 100 x\r\nA: bcdefghijkl\r\n\r\n", "HTTP/1.1 100 x\r\n\r\n",
      "HTTP/1.1 200 x\r\n\r\n", HANDSHAKE_HEAD_MOST, OPEN, 200 },
    { "1xx without end", "", "HTTP/1.1 100 x\r\n\r\n", "", HANDSHAKE_HEAD_MOST + 1, REFUSED, 0 },
    { "a refusal over the limit", "HTTP/1.1 403 x\r\nA: ", "v", "\r\n\r\n", HANDSHAKE_HEAD_MOST + 1, REFUSED,
      0 },
    { "a line that never ends", OK, "v", "", HANDSHAKE_HEAD_MOST + 1, REFUSED, 0 },
    { "far over", OK, "v", "", HANDSHAKE_HEAD_MOST + 5000, REFUSED, 0 },
    { "the limit, and no end yet", OK, "v", "", HANDSHAKE_HEAD_MOST, HANDSHAKE_FIELDS, 200 },
};

static void fill(char *out, const typeof(*large) *row)
{
    size_t before = strlen(row->before), after = strlen(row->after), filler = strlen(row->filler);

    memcpy(out, row->before, before);
    for (size_t at = before; at < row->size - after; at++)
        out[at] = row->filler[(at - before) % filler];
    memcpy(out + row->size - after, row->after, after);
}

/* Whole, byte by byte, in pieces of a few sizes, and in two pieces cut near the ends and here and there
 * between. */
static void the_limit_of_a_head(void **state)
{
    static const size_t pieces[] = { 1, 2, 3, 255, 256, 257, 2048, 65535, 65536 };
    const typeof(*large) *row = *state;
    char *reply = malloc(row->size);
    struct outcome whole, cut;

    fill(reply, row);
    whole = fed(reply, row->size, row->size, row->size);
    assert_int_equal(whole.handshake.state, row->state);
    assert_int_equal(whole.handshake.reply.status, row->status);
    assert_int_equal(whole.used, row->size > HANDSHAKE_HEAD_MOST ? HANDSHAKE_HEAD_MOST + 1 : row->size);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        cut = fed(reply, row->size, 0, pieces[i]);
        assert_same(&whole, &cut);
    }
    for (size_t first = 0; first < row->size;
         first += first < 40 || first + 40 > HANDSHAKE_HEAD_MOST ? 1 : 997) {
        cut = fed(reply, row->size, first, row->size);
        assert_same(&whole, &cut);
    }
    free(reply);
}

int main(void)
{
    ROWS(requests, request);
    STORY(the_longest_request_is_not_cut);
    ROWS(injections, injection_is_refused);
    ROWS(replies, every_cut_gives_the_same_answer);
    STORY(a_settled_handshake_takes_nothing);
    ROWS(large, the_limit_of_a_head);
    return rows_run("handshake");
}
