/* The page behind a refusal: it is read only while lines of the handshake are written, and for a second at most. What
 * becomes of the socket and of the errno is the same with it and without. */
#include "support/configs.h"
#include "support/fake_clock.h"
#include "support/folder.h"
#include "support/rows.h"
#include "support/story.h"

#include <ptunnel/leg.h>
#include <ptunnel/log.h>
#include <ptunnel/page.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASKED         CONNECT(A, 0), SEND(REQUEST), READS
#define HEAD(fields)  "HTTP/1.1 502 x\r\n" fields "\r\n"
#define SEEN(head)    PEEK(head), TAKE((long)sizeof(head) - 1)
#define SIZED         HEAD("Content-Length: 5\r\n")
#define UNSIZED       HEAD("")
#define SAYS(words)   "t.test:22 via 192.0.2.1:3128: its page says: " words "\n"

/* The story with -vv and what is logged, and the story without. */
static const struct page_row {
    const char *name;
    const struct line *with, *without;
    int error;
    const char *logged;
} pages[] = {
    { "its length is known", SCRIPT(ASKED, SEEN(SIZED), READ("wrong"), FAILS), SCRIPT(ASKED, PEEK(SIZED), FAILS),
      ECONNREFUSED, SAYS("wrong") },
    { "in pieces", SCRIPT(ASKED, SEEN(SIZED), READ("wr"), READ_FAILS(EINTR), READ_FAILS(EAGAIN), READS, READ("ong"), FAILS),
      SCRIPT(ASKED, PEEK(SIZED), FAILS), ECONNREFUSED, SAYS("wrong") },
    { "it ends with the connection", SCRIPT(ASKED, SEEN(UNSIZED), READ("<p>wrong</p>"), READ(""), FAILS),
      SCRIPT(ASKED, PEEK(UNSIZED), FAILS), ECONNREFUSED, SAYS("wrong") },
    { "in chunks",
      SCRIPT(ASKED, SEEN(HEAD("Transfer-Encoding: chunked\r\n")), READ("5\r\nwrong\r\n0\r\n\r\n"), FAILS),
      SCRIPT(ASKED, PEEK(HEAD("Transfer-Encoding: chunked\r\n")), FAILS), ECONNREFUSED, SAYS("wrong") },
    { "a head in pieces",
      SCRIPT(ASKED, PEEK("HTTP/1.1 502 x\r\nConten"), TAKE(22), PEEK("t-Length: 5\r\n\r\n"), TAKE(15), READ("wrong"), FAILS),
      SCRIPT(ASKED, PEEK("HTTP/1.1 502 x\r\nConten"), TAKE(22), PEEK("t-Length: 5\r\n\r\n"), FAILS), ECONNREFUSED,
      SAYS("wrong") },
    { "there is none", SCRIPT(ASKED, SEEN(HEAD("Content-Length: 0\r\n")), FAILS),
      SCRIPT(ASKED, PEEK(HEAD("Content-Length: 0\r\n")), FAILS), ECONNREFUSED, NULL },
    { "it never comes: a second",
      SCRIPT(ASKED, SEEN(UNSIZED), READ_FAILS(EAGAIN), READS, PASS(999), READ_FAILS(EAGAIN), READS, PASS(1),
             READ_FAILS(EAGAIN), FAILS),
      SCRIPT(ASKED, PEEK(UNSIZED), FAILS), ECONNREFUSED, NULL },
    { "it never ends: what has come",
      SCRIPT(ASKED, SEEN(UNSIZED), READ("wro"), READ_FAILS(EAGAIN), READS, PASS(1000), READ_FAILS(EAGAIN), FAILS),
      SCRIPT(ASKED, PEEK(UNSIZED), FAILS), ECONNREFUSED, SAYS("wro") },
    { "no longer than the whole may take",
      SCRIPT(ASKED, PASS(TIMEOUT - 300), SEEN(UNSIZED), READ_FAILS(EAGAIN), READS, PASS(300), READ_FAILS(EAGAIN), FAILS),
      SCRIPT(ASKED, PASS(TIMEOUT - 300), PEEK(UNSIZED), FAILS), ECONNREFUSED, NULL },
    { "a reset inside it", SCRIPT(ASKED, SEEN(UNSIZED), READ("wro"), READ_FAILS(ECONNRESET), FAILS),
      SCRIPT(ASKED, PEEK(UNSIZED), FAILS), ECONNREFUSED, SAYS("wro") },
    { "a password is wanted: plain enough", SCRIPT(ASKED, PEEK("HTTP/1.1 407 x\r\nContent-Length: 5\r\n\r\n"), FAILS),
      SCRIPT(ASKED, PEEK("HTTP/1.1 407 x\r\nContent-Length: 5\r\n\r\n"), FAILS), EACCES, NULL },
    { "it opens", SCRIPT(ASKED, SEEN(OK), OPENS), SCRIPT(ASKED, SEEN(OK), OPENS), 0, NULL },
    { "it is no HTTP", SCRIPT(ASKED, PEEK("SSH-2.0\r\n"), FAILS), SCRIPT(ASKED, PEEK("SSH-2.0\r\n"), FAILS), ECONNREFUSED,
      NULL },
};

static struct dial dial;
static char path[128];
static const struct net writer = { .write = write, .close = close, .poll = poll };

static void begin(const struct line *script, enum log_level level, struct dial_room *room)
{
    static struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    static struct route route;
    struct endpoint target = target_of("t.test:22");

    log_open(&writer, level, path, false);
    route = story_route(A);
    clock_stop();
    script_start(script);
    dial_start(&dial, &scripted_net, SCRIPTED_FD, AF_INET, &target, &route, &limits);
    dial.room = room;
    story_play(&dial);
}

static void play(const struct line *script, enum log_level level, struct dial_room *room)
{
    begin(script, level, room);
    log_open(&writer, LOG_QUIET, NULL, false);
    assert_null(dial.legs.block);
    assert_true(dial.must_disconnect);
}

/* What the log has, which is then empty again. */
static const char *logged(void)
{
    static char bytes[8192];
    FILE *file = fopen(path, "r");
    size_t size = file ? fread(bytes, 1, sizeof bytes - 1, file) : 0;

    bytes[size] = '\0';
    if (file)
        fclose(file);
    unlink(path);
    return bytes;
}

static void assert_logged(const char *words)
{
    const char *said = logged();

    if (words ? !strstr(said, words) : strstr(said, "its page says") != NULL)
        fail_msg("wanted: %s\nlogged: %s", words ? words : "nothing", said);
}

static void with_and_without(void **state)
{
    const struct page_row *row = *state;

    play(row->with, LOG_HANDSHAKE, NULL);
    assert_int_equal(dial.error, row->error);
    assert_logged(row->logged);
    play(row->without, LOG_CONNECTION, NULL);
    assert_int_equal(dial.error, row->error);
    assert_logged(NULL);
}

static void four_kib_are_enough(void **state)
{
    static char page[PAGE_SIZE];
    const struct line script[] = { ASKED, SEEN(UNSIZED), { .kind = LINE_READ, .words = page, .number = sizeof page },
                                   FAILS, END };

    (void)state;
    memset(page, 'x', sizeof page);
    play(script, LOG_HANDSHAKE, NULL);
    assert_logged("xxx...\n");
}

/* Nobody else reads the socket: it comes with the head. */
static void in_a_room(void **state)
{
    char bytes[256];
    struct dial_room room = { .bytes = bytes, .size = sizeof bytes };

    (void)state;
    play(SCRIPT(ASKED, READ(SIZED "wr"), READ("ong"), FAILS), LOG_HANDSHAKE, &room);
    assert_logged(SAYS("wrong"));
    play(SCRIPT(ASKED, READ(SIZED "wrong"), FAILS), LOG_HANDSHAKE, &room);
    assert_logged(SAYS("wrong"));
}

/* The refusal is known: the child does not ask again. */
static void in_a_forked_child_it_is_over(void **state)
{
    int status;
    pid_t child;

    (void)state;
    begin(SCRIPT(ASKED, SEEN(UNSIZED), READ("wro"), READ_FAILS(EAGAIN), READS), LOG_HANDSHAKE, NULL);
    assert_non_null(dial.legs.block);
    child = fork();
    if (child == 0) {
        script_start(SCRIPT(FAILS));
        story_play(&dial);
        _exit(dial.error == ECONNREFUSED && !dial.legs.block ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    script_start(SCRIPT(READ("ng"), READ(""), FAILS));
    story_play(&dial);
    assert_logged(SAYS("wrong"));
}

int main(void)
{
    int result;

    if (!folder_make())
        return 1;
    snprintf(path, sizeof path, "%s", folder_path("log"));
    ROWS(pages, with_and_without);
    STORY(four_kib_are_enough);
    STORY(in_a_room);
    STORY(in_a_forked_child_it_is_over);
    result = rows_run("dial_page");
    folder_remove();
    return result;
}
