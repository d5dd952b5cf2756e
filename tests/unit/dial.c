/* The dial: stories of one proxy, and of several whose deadlines part them. */
#include "support/rows.h"
#include "support/configs.h"
#include "support/fake_clock.h"
#include "support/story.h"

#include <ptunnel/dial.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static const struct story straight[] = {
    { "a non-blocking socket", AF_INET, A,
      SCRIPT(CONNECT(A, EINPROGRESS), SEND_FAILS(EAGAIN), WRITES, SEND(REQUEST), READS, PEEK(OK "SSH-2.0"),
             TAKE(OK_SIZE), OPENS),
      0, "t.test:22 via 192.0.2.1:3128: open", .touched = true },
    { "a blocking socket", AF_INET, A, SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, ANSWERED), 0, NULL,
      .touched = true },
    { "an open dial makes no further call", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, ANSWERED, OPENS, PASS(TIMEOUT), OPENS), 0, NULL,
      .touched = true },
    { "the request goes out in parts", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND_SOME(REQUEST, 8), WRITES,
             SEND_SOME("t.test:22 HTTP/1.1\r\nHost: t.test:22\r\n\r\n", 37), WRITES, SEND_FAILS(EAGAIN),
             WRITES, SEND("\r\n"), READS, ANSWERED),
      0, NULL, .touched = true },
    { "a handler runs while connecting", AF_INET, A,
      SCRIPT(CONNECT(A, EINTR), WRITES, SEND(REQUEST), READS, ANSWERED), 0, NULL, .touched = true },
    { "send is interrupted", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND_FAILS(EINTR), SEND_FAILS(EINTR), SEND(REQUEST), READS, ANSWERED), 0, NULL,
      .touched = true },
    { "the look is interrupted", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK_FAILS(EINTR), ANSWERED), 0, NULL, .touched = true },
    { "fast open is still connecting", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND_FAILS(EALREADY), WRITES, SEND(REQUEST), READS, ANSWERED), 0, NULL,
      .touched = true },
    { "it is readable and nothing is there", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK_FAILS(EAGAIN), READS, ANSWERED), 0, NULL,
      .touched = true },
    { "the head comes in pieces", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 2"), TAKE(10), PEEK_FAILS(EAGAIN), READS,
             PEEK("00 OK\r\n\r"), TAKE(8), PEEK_FAILS(EAGAIN), READS, PEEK("\nSSH-2.0"), TAKE(1), OPENS),
      0, NULL, .touched = true },
    { "a 1xx first", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 100 x\r\n\r\n"), TAKE(18),
             PEEK_FAILS(EAGAIN), READS, ANSWERED),
      0, NULL, .touched = true },
    { "an IPv4 proxy on an IPv6 socket", AF_INET6, A,
      SCRIPT(CONNECT(A_MAPPED, EINPROGRESS), SEND(REQUEST), READS, ANSWERED), 0, NULL, .touched = true },
    { "an IPv6 proxy", AF_INET6, SIX, SCRIPT(CONNECT(SIX, EINPROGRESS), SEND(REQUEST), READS, ANSWERED), 0,
      NULL, .touched = true },
};

/* What the program did wrong with its socket is the kernel's own answer, and nothing else happens. */
static const struct {
    const char *name;
    int error;
} own[] = {
    { "EISCONN", EISCONN },   { "EALREADY", EALREADY },
    { "EINVAL", EINVAL },     { "EAFNOSUPPORT", EAFNOSUPPORT },
    { "EBADF", EBADF },       { "EFAULT", EFAULT },
    { "ENOMEM", ENOMEM },     { "EADDRINUSE", EADDRINUSE },
    { "ENOTSOCK", ENOTSOCK },
};

static const struct story refusals[] = {
    { "refused at once, nobody left", AF_INET, A, SCRIPT(CONNECT(A, ECONNREFUSED), BACK, FAILS), ECONNREFUSED,
      "t.test:22 via 192.0.2.1:3128: cannot connect to the proxy: connection refused", .touched = false },
    { "refused later", AF_INET, A,
      SCRIPT(CONNECT(A, EINPROGRESS), SEND_FAILS(EAGAIN), WRITES, SEND_FAILS(ECONNREFUSED), BACK, FAILS),
      ECONNREFUSED, NULL, .touched = false },
    { "no way there", AF_INET, A, SCRIPT(CONNECT(A, ENETUNREACH), BACK, FAILS), ENETUNREACH, NULL,
      .touched = false },
    { "403 is final", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 403 Forbidden\r\n\r\n"), FAILS, FAILS),
      EACCES, "t.test:22 via 192.0.2.1:3128: 403 Forbidden (many proxies allow CONNECT only to port 443)",
      .fallback = true, .touched = true },
    { "a bare 502 is final", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 502 x\r\n\r\n"), FAILS), ECONNREFUSED, NULL,
      .fallback = true, .touched = true },
    { "a bare 503 is final", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 503 x\r\n\r\n"), FAILS), ECONNREFUSED, NULL,
      .fallback = true, .touched = true },
    { "a bare 504 is final", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 504 x\r\n\r\n"), FAILS), ETIMEDOUT, NULL,
      .fallback = true, .touched = true },
    { "what is not HTTP is final", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("SSH-2.0-x\r\n"), FAILS), ECONNREFUSED,
      "t.test:22 via 192.0.2.1:3128: the reply is not HTTP: is this an HTTP proxy?", .fallback = true,
      .touched = true },
    { "an end of stream before the reply", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK(""), BACK, FAILS), ECONNRESET,
      "t.test:22 via 192.0.2.1:3128: the proxy closed the connection before it had answered",
      .touched = false },
    { "a reset inside the head", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1"), TAKE(6), PEEK_FAILS(ECONNRESET), BACK,
             FAILS),
      ECONNRESET, NULL, .touched = false },
    { "the proxy is gone before the request", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND_FAILS(EPIPE), BACK, FAILS), ECONNRESET, NULL, .touched = false },
    { "the proxy is ill, and there is no other", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK(ILL), FAILS), ECONNREFUSED, NULL, .fallback = true,
      .touched = true },
    { "the kernel cannot go back", AF_INET, A " " B,
      SCRIPT(CONNECT(A, ECONNREFUSED), CONNECT("unspec", EBUSY), FAILS), ECONNREFUSED, NULL,
      .touched = true },
};

static const struct story deadlines[] = {
    { "the last one has all the time that is left", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PASS(TIMEOUT - 1), PEEK_FAILS(EAGAIN), READS, PASS(1),
             PEEK_FAILS(EAGAIN), FAILS),
      ETIMEDOUT, "t.test:22 via 192.0.2.1:3128: the proxy did not answer in time", .touched = true },
    { "not even accepted", AF_INET, A,
      SCRIPT(CONNECT(A, EINPROGRESS), SEND_FAILS(EAGAIN), WRITES, PASS(TIMEOUT), SEND_FAILS(EAGAIN), FAILS),
      ETIMEDOUT, "t.test:22 via 192.0.2.1:3128: cannot connect to the proxy: timed out", .touched = true },
    { "the whole bounds all of them", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PASS(ATTEMPT), PEEK_FAILS(EAGAIN), BACK, CONNECT(B, 0),
             SEND(REQUEST), READS, PASS(TIMEOUT - ATTEMPT), PEEK_FAILS(EAGAIN), FAILS),
      ETIMEDOUT, NULL, .touched = true },
    { "one proxy and the fallback: the attempt counts", AF_INET, A,
      SCRIPT(CONNECT(A, EINPROGRESS), SEND_FAILS(EAGAIN), WRITES, PASS(ATTEMPT), SEND_FAILS(EAGAIN), BACK,
             LOOK_UP("t.test", "192.0.2.9"), CONNECT("192.0.2.9:22", 0), HANDED),
      0, NULL, .fallback = true, .touched = true },
    { "one proxy that was asked, and the fallback: it has all the time", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PASS(TIMEOUT - 1), PEEK_FAILS(EAGAIN), READS, PASS(1),
             PEEK_FAILS(EAGAIN), FAILS),
      ETIMEDOUT, "t.test:22 via 192.0.2.1:3128: the proxy did not answer in time", .fallback = true,
      .touched = true },
    { "a black hole behind one address leaves time for the next", AF_INET, "p.test",
      SCRIPT(LOOK_UP("p.test", "192.0.2.1 192.0.2.2"), CONNECT(A, EINPROGRESS), SEND_FAILS(EAGAIN), WRITES,
             PASS(ATTEMPT), SEND_FAILS(EAGAIN), BACK, SECOND),
      0, NULL, .touched = true },
    { "an address that took the connection has the time of all of them", AF_INET, "p.test",
      SCRIPT(LOOK_UP("p.test", "192.0.2.1 192.0.2.2"), CONNECT(A, 0), SEND(REQUEST), READS, PASS(TIMEOUT - 1),
             PEEK_FAILS(EAGAIN), READS, ANSWERED),
      0, NULL, .touched = true },
};

/* Nobody else reads the socket: the reply is read at once, and what stands behind it is left in the room of
 * 24 bytes. */
static const struct {
    const char *name, *proxies;
    const struct line *script;
    int error;
    const char *left;
} roomy[] = {
    { "nothing behind the head", A, SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ(OK), OPENS), 0, "" },
    { "a banner behind the head", A, SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ(OK "SSH"), OPENS), 0,
      "SSH" },
    { "more than there is room for", A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ(OK "SSH-2.0-OpenSSH"), OPENS), 0, "SSH-2" },
    { "in pieces, with pauses", A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ("HTTP/1.1 2"), READ_FAILS(EAGAIN), READS,
             READ("00 OK\r\n\r"), READ_FAILS(EINTR), READ("\nSSH"), OPENS),
      0, "SSH" },
    { "the end in the head", A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ("HTTP"), READ(""), BACK, FAILS), ECONNRESET, NULL },
    { "a refusal", A, SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ("HTTP/1.1 403 x\r\n\r\n"), FAILS),
      EACCES, NULL },
    { "what one left is not taken for the next one's", A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ("HTTP/1.1 2"), READ_FAILS(ECONNRESET), BACK,
             CONNECT(B, 0), SEND(REQUEST), READS, READ(OK "SSH"), OPENS),
      0, "SSH" },
};

static void nobody_else_reads(void **state)
{
    static const struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    const typeof(*roomy) *row = *state;
    struct route route = story_route(row->proxies);
    struct endpoint target = target_of("t.test:22");
    char bytes[24];
    struct dial_room room = { .bytes = bytes, .size = sizeof bytes };
    struct dial dial;

    clock_stop();
    script_start(row->script);
    dial_start(&dial, &scripted_net, SCRIPTED_FD, AF_INET, &target, &route, &limits);
    dial.room = &room;
    story_play(&dial);
    assert_int_equal(dial.error, row->error);
    if (!row->left)
        return;
    assert_int_equal(room.end - room.at, strlen(row->left));
    assert_memory_equal(bytes + room.at, row->left, strlen(row->left));
}

static void own_error_is_final(void **state)
{
    static const struct dial_limits limits = { .timeout = TIMEOUT,
                                               .attempt = ATTEMPT,
                                               .fallback_direct = true };
    const typeof(*own) *row = *state;
    const struct line v4[] = { CONNECT(A, row->error), FAILS, FAILS, END };
    const struct line v6[] = { CONNECT(A_MAPPED, row->error), FAILS, FAILS, END };
    struct endpoint target = target_of("192.0.2.9:22");
    struct route route;
    struct dial dial;

    for (int family = AF_INET; family; family = family == AF_INET ? AF_INET6 : 0) {
        route = story_route(A " " B " " SIX);
        script_start(family == AF_INET ? v4 : v6);
        dial_start(&dial, &scripted_net, SCRIPTED_FD, family, &target, &route, &limits);
        story_play(&dial);
        assert_int_equal(dial.error, row->error);
        assert_false(dial.must_disconnect);
    }
}

static void interruption_is_told(void **state)
{
    struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    struct route route = story_route(A);
    struct endpoint target = target_of("t.test:22");
    struct dial dial;

    (void)state;
    clock_stop();
    script_start(SCRIPT(CONNECT(A, EINTR), WRITES));
    dial_start(&dial, &scripted_net, SCRIPTED_FD, AF_INET, &target, &route, &limits);
    story_play(&dial);
    assert_true(dial.interrupted);
}

static void the_deadline_is_the_earlier_one(void **state)
{
    struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    struct route route = story_route(A " " B);
    struct endpoint target = target_of("t.test:22");
    struct dial dial;

    (void)state;
    clock_stop();
    script_start(SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PASS(ATTEMPT), PEEK_FAILS(EAGAIN), BACK,
                        CONNECT(B, 0), SEND(REQUEST), READS));
    dial_start(&dial, &scripted_net, SCRIPTED_FD, AF_INET, &target, &route, &limits);
    assert_int_equal(deadline_left(dial_deadline(&dial)), TIMEOUT);
    assert_int_equal(dial_step(&dial), DIAL_WANT_READ);
    assert_int_equal(deadline_left(dial_deadline(&dial)), ATTEMPT);
    script_done_with(script_next());
    story_play(&dial);
    assert_int_equal(deadline_left(dial_deadline(&dial)), TIMEOUT - ATTEMPT);
}

int main(void)
{
    ROWS(straight, story);
    ROWS(own, own_error_is_final);
    ROWS(roomy, nobody_else_reads);
    ROWS(refusals, story);
    ROWS(deadlines, story);
    STORY(interruption_is_told);
    STORY(the_deadline_is_the_earlier_one);
    return rows_run("dial");
}
