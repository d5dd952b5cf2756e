/* Several requests to a proxy that wants to know who asks: what is said in each leg is scripted. */
#include "support/configs.h"
#include "support/fake_clock.h"
#include "support/rows.h"
#include "support/story.h"

#include <ptunnel/leg.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD       "CONNECT t.test:22 HTTP/1.1\r\nHost: t.test:22\r\n"
#define FIELD(n)   "Proxy-Authorization: X " n "\r\n"
#define ASKED(n)   HEAD FIELD(n) "\r\n"
#define OFFER      "Proxy-Authenticate: X\n"
#define STATUS     "HTTP/1.1 407 x\r\n"
#define EMPTY      STATUS "Proxy-Authenticate: X\r\nContent-Length: 0\r\n\r\n"
#define EMPTY_SIZE ((long)sizeof EMPTY - 1)
#define LONG       STATUS "Proxy-Authenticate: X\r\nContent-Length: 3058\r\n\r\n"
#define LONG_SIZE  ((long)sizeof LONG - 1)
#define CLOSES     STATUS "Proxy-Authenticate: X\r\nContent-Length: 99\r\nProxy-Connection: close\r\n\r\n"
#define CHUNKED    STATUS "Proxy-Authenticate: X\r\nTransfer-Encoding: chunked\r\n\r\n"
#define READY      POLL(POLLOUT)
/* The first leg, made, and its request taken. */
#define FIRST      CONNECT(A, 0), READY, ASK("", FIELD("1")), SEND(ASKED("1")), READS
#define NEXT(n)    READY, ASK(OFFER, FIELD(n)), SEND(ASKED(n)), READS
#define SEEN(head) PEEK(head), TAKE((long)sizeof(head) - 1)
#define ANEW_ROOMY BACK, CONNECT(A, 0), NEXT("2"), READ(OK), OPENS
#define GONE       "t.test:22 via 192.0.2.1:3128: the proxy closed the connection before it had answered"

static const struct story one[] = {
    { "said at once", AF_INET, A, SCRIPT(FIRST, ANSWERED), 0, "t.test:22 via 192.0.2.1:3128: open", .touched = true },
    { "nothing is to be said first", AF_INET, A,
      SCRIPT(CONNECT(A, 0), READY, ASK("", ""), SEND(REQUEST), READS, ANSWERED), 0, NULL, .touched = true },
    { "nobody is asked before the connection is there", AF_INET, A,
      SCRIPT(CONNECT(A, EINPROGRESS), POLL(0), WRITES, POLL(0), WRITES, READY, ASK("", FIELD("1")), SEND(ASKED("1")),
             READS, ANSWERED),
      0, NULL, .touched = true },
    { "nor if it cannot be made", AF_INET, A " " B,
      SCRIPT(CONNECT(A, EINPROGRESS), POLL(POLLOUT | POLLERR | POLLHUP), ERROR_IS(ECONNREFUSED), BACK, CONNECT(B, 0),
             READY, ASK("", FIELD("1")), SEND(ASKED("1")), READS, ANSWERED),
      0, "t.test:22 via 192.0.2.2:3128: open", .touched = true },
    { "the request goes out in parts, made once", AF_INET, A,
      SCRIPT(CONNECT(A, 0), READY, ASK("", FIELD("1")), SEND_SOME(ASKED("1"), 8), WRITES, SEND_FAILS(EAGAIN), WRITES,
             SEND("t.test:22 HTTP/1.1\r\nHost: t.test:22\r\n" FIELD("1") "\r\n"), READS, ANSWERED),
      0, NULL, .touched = true },
    { "what was made for one proxy is not for the next", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), READY, ASK("", FIELD("1")), SEND_SOME(ASKED("1"), 8), WRITES, SEND_FAILS(ECONNRESET), BACK,
             CONNECT(B, 0), READY, ASK("", FIELD("2")), SEND(ASKED("2")), READS, ANSWERED),
      0, NULL, .touched = true },
    { "somebody gives up", AF_INET, A " " B, SCRIPT(CONNECT(A, 0), READY, ASK_FAILS("", EACCES), FAILS), EACCES,
      "t.test:22 via 192.0.2.1:3128: somebody gave up", .fallback = true, .touched = true },
    { "another refusal than 407", AF_INET, A, SCRIPT(FIRST, PEEK("HTTP/1.1 403 x\r\n\r\n"), FAILS), EACCES, NULL,
      .touched = true },
    { "a small field and 400", AF_INET, A, SCRIPT(FIRST, PEEK("HTTP/1.1 400 x\r\n\r\n"), FAILS), ECONNREFUSED, NULL,
      .touched = true },
};

static const struct story put_off[] = {
    { "for a while", AF_INET, A,
      SCRIPT(CONNECT(A, 0), READY, ASK_LATER("", 20), READS, READY, READS, PASS(19), READY, READS, PASS(1), READY,
             ASK("", FIELD("1")), SEND(ASKED("1")), READS, ANSWERED),
      0, NULL, .touched = true },
    { "again and again, to the end", AF_INET, A,
      SCRIPT(CONNECT(A, 0), READY, ASK_LATER("", 100), READS, PASS(TIMEOUT), READY, ASK_LATER("", 100), FAILS), EACCES,
      "t.test:22 via 192.0.2.1:3128: the agent did not answer", .touched = true },
    { "to the end of an attempt: another proxy would want to know as well", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), READY, ASK_LATER("", 100), READS, PASS(ATTEMPT), READY, ASK_LATER("", 100), FAILS), EACCES,
      NULL, .touched = true },
    { "the proxy goes away meanwhile", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), READY, ASK_LATER("", 100), READS, POLL(POLLOUT | POLLIN), ERROR_IS(0), BACK, CONNECT(B, 0),
             READY, ASK("", FIELD("1")), SEND(ASKED("1")), READS, ANSWERED),
      0, NULL, .touched = true },
    { "with challenges, which are kept", AF_INET, A,
      SCRIPT(FIRST, SEEN(EMPTY), READY, ASK_LATER(OFFER, 100), READS, PASS(100), NEXT("2"), ANSWERED), 0, NULL,
      .touched = true },
};

static const struct story several[] = {
    { "two, no body", AF_INET, A, SCRIPT(FIRST, SEEN(EMPTY), NEXT("2"), ANSWERED), 0, NULL, .touched = true },
    { "two, a body that is dropped", AF_INET, A, SCRIPT(FIRST, SEEN(LONG), DROP(3058, 3058), NEXT("2"), ANSWERED), 0,
      NULL, .touched = true },
    { "a body in pieces", AF_INET, A,
      SCRIPT(FIRST, SEEN(LONG), DROP(3058, 3000), DROP_FAILS(58, EAGAIN), READS, DROP_FAILS(58, EINTR), DROP(58, 57),
             DROP(1, 1), NEXT("2"), ANSWERED),
      0, NULL, .touched = true },
    { "chunks", AF_INET, A,
      SCRIPT(FIRST, SEEN(CHUNKED), PEEK("5\r\nhello\r\n0\r\n\r\n"), TAKE(15), NEXT("2"), ANSWERED), 0, NULL,
      .touched = true },
    { "chunks in pieces", AF_INET, A,
      SCRIPT(FIRST, SEEN(CHUNKED), PEEK("5\r\nh"), TAKE(4), DROP(4, 2), DROP_FAILS(2, EAGAIN), READS, DROP(2, 2),
             PEEK("\r\n0\r"), TAKE(4), PEEK_FAILS(EAGAIN), READS, PEEK("\n\r\n"), TAKE(3), NEXT("2"), ANSWERED),
      0, NULL, .touched = true },
    { "a head in pieces", AF_INET, A,
      SCRIPT(FIRST, PEEK("HTTP/1.1 4"), TAKE(10), PEEK("07 x\r\nProxy-Authent"), TAKE(19), PEEK_FAILS(EAGAIN), READS,
             PEEK("icate: X\r\nContent-Length: 0\r\n\r"), TAKE(30), PEEK("\n"), TAKE(1), NEXT("2"), ANSWERED),
      0, NULL, .touched = true },
    { "several challenges, one of them folded, and other fields", AF_INET, A,
      SCRIPT(FIRST, SEEN(STATUS "proxy-authenticate: A\r\nServer: x\r\n y\r\nProxy-Authenticate: B\r\n\tc=d\r\n"
                                "Content-Length: 0\r\nProxy-Authenticate:C\r\n\r\n"),
             READY, ASK("proxy-authenticate: A\nProxy-Authenticate: B \tc=d\nProxy-Authenticate:C\n", FIELD("2")),
             SEND(ASKED("2")), READS, ANSWERED),
      0, NULL, .touched = true },
    { "six are made, and the last 407 counts", AF_INET, A " " B,
      SCRIPT(FIRST, SEEN(EMPTY), NEXT("2"), SEEN(EMPTY), NEXT("3"), SEEN(EMPTY), NEXT("4"), SEEN(EMPTY), NEXT("5"),
             SEEN(EMPTY), NEXT("6"), PEEK(EMPTY), FAILS),
      EACCES, NULL, .fallback = true, .touched = true },
    { "somebody gives up after a 407", AF_INET, A " " B,
      SCRIPT(FIRST, SEEN(EMPTY), READY, ASK_FAILS(OFFER, EACCES), FAILS), EACCES,
      "t.test:22 via 192.0.2.1:3128: somebody gave up", .fallback = true, .touched = true },
    { "the second leg is refused in another way", AF_INET, A,
      SCRIPT(FIRST, SEEN(EMPTY), NEXT("2"), PEEK("HTTP/1.1 502 x\r\n\r\n"), FAILS), ECONNREFUSED,
      "t.test:22 via 192.0.2.1:3128: 502 x", .touched = true },
    { "what stands behind the last reply is the program's", AF_INET, A,
      SCRIPT(FIRST, SEEN(EMPTY), NEXT("2"), PEEK(OK "SSH-2.0"), TAKE(OK_SIZE), OPENS), 0, NULL, .touched = true },
};

#define ANEW BACK, CONNECT(A, 0), NEXT("2"), ANSWERED

static const struct story other_connections[] = {
    { "the first 407 closes", AF_INET, A, SCRIPT(FIRST, SEEN(CLOSES), ANEW), 0, NULL, .touched = true },
    { "HTTP/1.0 closes", AF_INET, A,
      SCRIPT(FIRST, SEEN("HTTP/1.0 407 x\r\nProxy-Authenticate: X\r\nContent-Length: 9\r\n\r\n"), ANEW), 0, NULL,
      .touched = true },
    { "a body without a length", AF_INET, A, SCRIPT(FIRST, SEEN(STATUS "Proxy-Authenticate: X\r\n\r\n"), ANEW), 0, NULL,
      .touched = true },
    { "an end of stream inside the body", AF_INET, A, SCRIPT(FIRST, SEEN(LONG), DROP(3058, 7), DROP(3051, 0), ANEW), 0,
      NULL, .touched = true },
    { "a reset inside the body", AF_INET, A, SCRIPT(FIRST, SEEN(LONG), DROP_FAILS(3058, ECONNRESET), ANEW), 0, NULL,
      .touched = true },
    { "chunks that are none", AF_INET, A, SCRIPT(FIRST, SEEN(CHUNKED), PEEK("hello"), TAKE(1), ANEW), 0, NULL,
      .touched = true },
    { "the second of two addresses is the one to go back to", AF_INET, "p.test",
      SCRIPT(LOOK_UP("p.test", "192.0.2.3 192.0.2.1"), CONNECT(C, ECONNREFUSED), BACK, FIRST, SEEN(CLOSES), ANEW), 0,
      NULL, .touched = true },
    { "IPv6, mapped", AF_INET6, A,
      SCRIPT(CONNECT(A_MAPPED, 0), READY, ASK("", FIELD("1")), SEND(ASKED("1")), READS, SEEN(CLOSES), BACK, CURE,
             CONNECT(A_MAPPED, 0), NEXT("2"), ANSWERED),
      0, NULL, .touched = true },
    { "it is not there any more, and there is no other", AF_INET, A,
      SCRIPT(FIRST, SEEN(CLOSES), BACK, CONNECT(A, ECONNREFUSED), BACK, FAILS), ECONNREFUSED,
      "t.test:22 via 192.0.2.1:3128: cannot connect to the proxy: connection refused", .fallback = true,
      .touched = false },
    { "it is not there any more, and there is another", AF_INET, A " " B,
      SCRIPT(FIRST, SEEN(CLOSES), BACK, CONNECT(A, ECONNREFUSED), BACK, CONNECT(B, 0), READY, ASK("", FIELD("9")),
             SEND(ASKED("9")), READS, ANSWERED),
      0, NULL, .touched = true },
    { "closed without a word: the same leg again", AF_INET, A,
      SCRIPT(FIRST, SEEN(EMPTY), NEXT("2"), PEEK(""), BACK, CONNECT(A, 0), READY, ASK("", FIELD("2")), SEND(ASKED("2")),
             READS, ANSWERED),
      0, NULL, .touched = true },
    { "reset before the second leg is out", AF_INET, A,
      SCRIPT(FIRST, SEEN(EMPTY), READY, ASK(OFFER, FIELD("2")), SEND_FAILS(EPIPE), BACK, CONNECT(A, 0), READY,
             ASK("", FIELD("2")), SEND(ASKED("2")), READS, ANSWERED),
      0, NULL, .touched = true },
    { "closed before the second leg is asked for: the challenges are still there", AF_INET, A,
      SCRIPT(FIRST, SEEN(EMPTY), POLL(POLLIN | POLLOUT), ERROR_IS(0), ANEW), 0, NULL, .touched = true },
    { "closed without a word twice", AF_INET, A,
      SCRIPT(FIRST, SEEN(EMPTY), NEXT("2"), PEEK(""), BACK, CONNECT(A, 0), READY, ASK("", FIELD("2")), SEND(ASKED("2")),
             READS, SEEN(EMPTY), NEXT("3"), PEEK(""), BACK, FAILS),
      ECONNRESET, GONE, .fallback = true, .touched = false },
    { "the first leg is not made again", AF_INET, A, SCRIPT(FIRST, PEEK(""), BACK, FAILS), ECONNRESET, GONE,
      .touched = false },
    { "closed inside the second head", AF_INET, A,
      SCRIPT(FIRST, SEEN(EMPTY), NEXT("2"), PEEK("HTTP"), TAKE(4), PEEK(""), BACK, FAILS), ECONNRESET, GONE,
      .touched = false },
    { "the kernel cannot go back", AF_INET, A, SCRIPT(FIRST, SEEN(CLOSES), CONNECT("unspec", EBUSY), FAILS), ECONNRESET,
      NULL, .touched = true },
};

static struct dial dial;
static const struct account somebody;

static void begin(const struct story *row, struct route *route, struct dial_limits *limits)
{
    struct endpoint target = target_of("t.test:22");

    *route = story_route(row->proxies);
    for (size_t i = 0; i < route->count; i++)
        route->candidates[i].proxy.account = &somebody;
    *limits = (struct dial_limits){ .timeout = TIMEOUT, .attempt = ATTEMPT, .fallback_direct = row->fallback };
    clock_stop();
    script_start(row->script);
    dial_start(&dial, &scripted_net, SCRIPTED_FD, row->family, &target, route, limits);
    dial.legs.authenticate = scripted_authenticate;
}

static void leg_by_leg(void **state)
{
    const struct story *row = *state;
    char buffer[512];
    struct text said = text_in(buffer, sizeof buffer);
    struct dial_limits limits;
    struct route route;

    begin(row, &route, &limits);
    story_play(&dial);
    assert_int_equal(dial.error, row->error);
    assert_int_equal(dial.must_disconnect, row->touched);
    assert_null(dial.legs.block);
    dial_describe(&dial, &said);
    if (row->said)
        assert_string_equal(buffer, row->said);
}

/* Nobody else reads the socket: the body comes with the head, in a room of so many bytes. */
static const struct roomy {
    struct story story;
    size_t room;
} roomy[] = {
    { { "the body comes with the head", AF_INET, A,
        SCRIPT(FIRST, READ(STATUS "Proxy-Authenticate: X\r\nContent-Length: 5\r\n\r\nhello"), NEXT("2"), READ(OK "SSH"),
               OPENS),
        0, "SSH", .touched = true },
      256 },
    { { "a part of it", AF_INET, A, SCRIPT(FIRST, READ(LONG "hello"), DROP(3053, 3053), NEXT("2"), READ(OK), OPENS), 0,
        "", .touched = true },
      256 },
    { { "and something behind it", AF_INET, A, SCRIPT(FIRST, READ(EMPTY "HTTP/1.1 408"), ANEW_ROOMY), 0, "",
        .touched = true },
      256 },
    { { "a head in a small room", AF_INET, A,
        SCRIPT(FIRST, READ(STATUS "Proxy"), READ("-Authenticate: X\r\n"), READ("Content-Length: 5\r\n\r\nh"),
               DROP(4, 4), NEXT("2"), READ(OK "SSH"), OPENS),
        0, "SSH", .touched = true },
      24 },
};

static void nobody_else_reads(void **state)
{
    const struct roomy *row = *state;
    char bytes[256];
    struct dial_room room = { .bytes = bytes, .size = row->room };
    struct dial_limits limits;
    struct route route;

    begin(&row->story, &route, &limits);
    dial.room = &room;
    story_play(&dial);
    assert_int_equal(dial.error, row->story.error);
    assert_int_equal(room.end - room.at, strlen(row->story.said));
    assert_memory_equal(bytes + room.at, row->story.said, strlen(row->story.said));
    assert_null(dial.legs.block);
}

static void tells(void **state, const struct line *end)
{
    const struct story row = { "", AF_INET, A, SCRIPT(FIRST), .fallback = false };
    struct dial_limits limits;
    struct route route;

    (void)state;
    begin(&row, &route, &limits);
    story_play(&dial);
    dial.legs.tell = true;
    script_start(end);
    story_play(&dial);
    assert_false(dial.legs.tell);
}

static void who_wants_to_know_is_told_of_the_end(void **state)
{
    tells(state, SCRIPT(PEEK(OK), TAKE(OK_SIZE), TOLD, OPENS));
    tells(state, SCRIPT(PEEK("HTTP/1.1 403 x\r\n\r\n"), TOLD, FAILS));
    tells(state, SCRIPT(PEEK(""), TOLD, BACK, FAILS));
    tells(state, SCRIPT(PASS(TIMEOUT), PEEK_FAILS(EAGAIN), TOLD, FAILS));
}

static void the_deadline_is_that_of_the_question_too(void **state)
{
    const struct story row = { "", AF_INET, A, SCRIPT(CONNECT(A, 0), READY, ASK_LATER("", 20), READS), .fallback = false };
    struct dial_limits limits;
    struct route route;

    (void)state;
    begin(&row, &route, &limits);
    story_play(&dial);
    assert_int_equal(deadline_left(dial_deadline(&dial)), 20);
    assert_null(dial.legs.block);
}

static void a_proxy_without_an_account_is_as_ever(void **state)
{
    const struct story row = { "", AF_INET, A, SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK(EMPTY), FAILS),
                               .fallback = false };
    struct dial_limits limits;
    struct route route;

    (void)state;
    begin(&row, &route, &limits);
    route.candidates[0].proxy.account = NULL;
    story_play(&dial);
    assert_int_equal(dial.error, EACCES);
}

enum { LARGE = 60 * 1024 };
static char large_field[LARGE + 1], large_request[LARGE + sizeof REQUEST];

static void make_large(size_t size)
{
    memset(large_field, 'x', size);
    memcpy(large_field, "Proxy-Authorization: X ", 23);
    memcpy(large_field + size - 2, "\r\n", 3);
    strcpy(large_request, HEAD);
    strcat(large_request, large_field);
    strcat(large_request, "\r\n");
}

static void a_field_of_60_kib_goes_out_in_parts(void **state)
{
    const struct line parts[] = { CONNECT(A, 0), READY, ASK("", large_field), SEND_SOME(large_request, 32768), WRITES,
                                  SEND_SOME(large_request + 32768, 20000), WRITES, SEND(large_request + 52768), READS,
                                  ANSWERED, END };
    const struct story row = { "", AF_INET, A, parts, .fallback = false };
    struct dial_limits limits;
    struct route route;

    (void)state;
    make_large(LARGE);
    begin(&row, &route, &limits);
    story_play(&dial);
    assert_int_equal(dial.legs.field_size, LARGE);
    assert_null(dial.legs.block);
}

static void a_field_that_is_too_large_is_named(void **state)
{
    static const char *const replies[] = { "HTTP/1.1 400 x\r\n\r\n", "HTTP/1.1 431 x\r\n\r\n" };

    (void)state;
    make_large(18432);
    for (size_t i = 0; i < COUNT(replies); i++) {
        const struct line lines[] = { CONNECT(A, 0), READY, ASK("", large_field), SEND(large_request), READS,
                                      { .kind = LINE_PEEK, .words = replies[i], .number = 18 }, FAILS, END };
        const struct story row = { "", AF_INET, A, lines, .fallback = false };
        struct dial_limits limits;
        struct route route;
        char buffer[256];
        struct text said = text_in(buffer, sizeof buffer);

        begin(&row, &route, &limits);
        story_play(&dial);
        assert_int_equal(dial.error, EACCES);
        dial_describe(&dial, &said);
        assert_non_null(strstr(buffer, ": the proxy cannot take this Kerberos ticket (18432 bytes: too many groups)"));
    }
}

/* The block is the parent's; the child begins anew, and its parent goes on. */
static void a_forked_child_begins_anew(void **state)
{
    const struct story row = { "", AF_INET, A,
                               SCRIPT(CONNECT(A, 0), READY, ASK("", FIELD("1")), SEND_SOME(ASKED("1"), 8), WRITES),
                               .fallback = false };
    struct dial_limits limits;
    struct route route;
    int status;
    pid_t child;

    (void)state;
    begin(&row, &route, &limits);
    story_play(&dial);
    assert_non_null(dial.legs.block);
    child = fork();
    if (child == 0) {
        script_start(SCRIPT(BACK, CONNECT(A, 0), READY, ASK("", FIELD("2")), SEND(ASKED("2")), READS, ANSWERED));
        story_play(&dial);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    leg_drop(&dial);
}

int main(void)
{
    ROWS(one, leg_by_leg);
    ROWS(put_off, leg_by_leg);
    ROWS(several, leg_by_leg);
    ROWS(other_connections, leg_by_leg);
    ROWS(roomy, nobody_else_reads);
    STORY(who_wants_to_know_is_told_of_the_end);
    STORY(the_deadline_is_that_of_the_question_too);
    STORY(a_proxy_without_an_account_is_as_ever);
    STORY(a_field_of_60_kib_goes_out_in_parts);
    STORY(a_field_that_is_too_large_is_named);
    STORY(a_forked_child_begins_anew);
    return rows_run("dial_legs");
}
