/* The log: what is said, at which level, and how a line looks. */
#include "support/child.h"
#include "support/fake_clock.h"
#include "support/rows.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TIMED(words) "1970-01-01T00:16:40.000Z ptunnel: " words "\n"

static const struct level_row {
    const char *name;
    int level;
    const char *came;
} levels[] = {
    { "quiet", LOG_QUIET, "" },
    { "the default", LOG_FAILURE, "ptunnel: failure\n" },
    { "-v", LOG_CONNECTION, TIMED("failure") TIMED("connection") },
    { "-vv", LOG_HANDSHAKE, TIMED("failure") TIMED("connection") TIMED("handshake") },
    { "-vvv", LOG_DETAIL, TIMED("failure") TIMED("connection") TIMED("handshake") TIMED("detail") },
};

static void write_at_levels(const void *row)
{
    static const char *const words[] = { "failure", "connection", "handshake", "detail" };
    const struct level_row *level = row;
    char came[256];
    int ends[2];

    clock_stop();
    child_stderr(PIPE, ends);
    log_guard_stderr();
    log_open(&child_net, (enum log_level)level->level, NULL, false);
    for (int i = LOG_FAILURE; i <= LOG_DETAIL; i++) {
        REQUIRE(log_wants((enum log_level)i) == (i <= level->level));
        log_print((enum log_level)i, "%s", words[i]);
    }
    child_came(ends[0], came, sizeof came);
    REQUIRE(strcmp(came, level->came) == 0);
}

static void what_is_said_at_which_level(void **state)
{
    child_run(write_at_levels, *state);
}

static void write_before_open(const void *row)
{
    char came[8];
    int ends[2];

    (void)row;
    child_stderr(PIPE, ends);
    log_guard_stderr();
    REQUIRE(!log_wants(LOG_FAILURE));
    log_print(LOG_FAILURE, "words");
    REQUIRE(child_came(ends[0], came, sizeof came) == 0);
}

static void nothing_is_said_before_the_log_is_open(void **state)
{
    (void)state;
    child_run(write_before_open, NULL);
}

static void write_name(const void *row)
{
    char came[256], wanted[256], name[] = "a\nb";
    int ends[2];

    (void)row;
    child_stderr(PIPE, ends);
    log_guard_stderr();
    log_open(&child_net, LOG_FAILURE, NULL, true);
    program_invocation_short_name = name;
    log_print(LOG_FAILURE, "words");
    child_came(ends[0], came, sizeof came);
    snprintf(wanted, sizeof wanted, "ptunnel: a\\x0ab[%d]: words\n", (int)getpid());
    REQUIRE(strcmp(came, wanted) == 0);
}

static void the_program_is_named(void **state)
{
    (void)state;
    child_run(write_name, NULL);
}

static void write_long(const void *row)
{
    char came[4096], words[LOG_LINE_SIZE + 500], name[] = "a-program-with-a-name-of-more-than-forty-bytes";
    struct text line = text_in(words, sizeof words);
    int ends[2];
    size_t size;

    (void)row;
    while (!line.cut)
        text_add(&line, "0123456789");
    child_stderr(PIPE, ends);
    log_guard_stderr();
    log_open(&child_net, LOG_FAILURE, NULL, true);
    program_invocation_short_name = name;
    log_line(LOG_FAILURE, &line);
    size = child_came(ends[0], came, sizeof came);
    REQUIRE(size > LOG_LINE_SIZE && size < sizeof words);
    REQUIRE(strchr(came, '\n') == came + size - 1);
}

static void a_line_that_is_too_long_is_still_a_line(void **state)
{
    (void)state;
    child_run(write_long, NULL);
}

/* At a level: a failure of subject 1, then after so many milliseconds one of a subject. Is the second one
 * said? */
static const struct repeat_row {
    const char *name;
    int level;
    uint64_t subject;
    int64_t after;
    const char *came;
} repeats[] = {
    { "at once", LOG_FAILURE, 1, 0, "ptunnel: x\n" },
    { "after nearly ten seconds", LOG_FAILURE, 1, 9999, "ptunnel: x\n" },
    { "after ten seconds", LOG_FAILURE, 1, 10000, "ptunnel: x\nptunnel: x\n" },
    { "another subject", LOG_FAILURE, 2, 0, "ptunnel: x\nptunnel: x\n" },
    { "at -v all are said", LOG_CONNECTION, 1, 0, TIMED("x") TIMED("x") },
};

static void write_twice(const void *row)
{
    const struct repeat_row *repeat = row;
    char buffer[32], came[256];
    struct text words = text_in(buffer, sizeof buffer);
    int ends[2];

    clock_stop();
    text_add(&words, "x");
    child_stderr(PIPE, ends);
    log_guard_stderr();
    log_open(&child_net, (enum log_level)repeat->level, NULL, false);
    log_failure(1, &words);
    clock_pass(repeat->after);
    log_failure(repeat->subject, &words);
    child_came(ends[0], came, sizeof came);
    REQUIRE(strcmp(came, repeat->came) == 0);
}

static void a_failure_is_not_said_too_often(void **state)
{
    child_run(write_twice, *state);
}

/* UTC, whatever TZ says; the date by date(1). */
static const struct time_row {
    const char *name;
    int64_t seconds;
    const char *text;
} times[] = {
    { "the first second", 0, "1970-01-01T00:00:00.000Z" },
    { "a leap day that a century has", 951782400, "2000-02-29T00:00:00.000Z" },
    { "the day after it", 951868799, "2000-02-29T23:59:59.000Z" },
    { "March", 951868800, "2000-03-01T00:00:00.000Z" },
    { "the last second of a year", 1798761599, "2026-12-31T23:59:59.000Z" },
    { "a leap day", 1835395200, "2028-02-29T00:00:00.000Z" },
    { "a century without one", 4107542400, "2100-03-01T00:00:00.000Z" },
    { "a day of 32 bits' end", 2147483648, "2038-01-19T03:14:08.000Z" },
};

static void write_at_time(const void *row)
{
    const struct time_row *at = row;
    char came[256], wanted[256];
    int ends[2];

    setenv("TZ", "America/New_York", 1);
    clock_stop();
    clock_pass((at->seconds - 1000) * 1000);
    child_stderr(PIPE, ends);
    log_guard_stderr();
    log_open(&child_net, LOG_CONNECTION, NULL, false);
    log_print(LOG_FAILURE, "x");
    child_came(ends[0], came, sizeof came);
    snprintf(wanted, sizeof wanted, "%s ptunnel: x\n", at->text);
    REQUIRE(strcmp(came, wanted) == 0);
}

static void the_time_is_utc(void **state)
{
    child_run(write_at_time, *state);
}

static const struct json_row {
    const char *name, *words, *message;
} objects[] = {
    { "words", "example.org:22: open", "example.org:22: open" },
    { "a quote and a backslash", "a\"b\\x0a", "a\\\"b\\\\x0a" },
    { "bytes that are not ASCII", "a\x01\xff", "a\\ufffd\\ufffd" },
    { "nothing", "", "" },
};

static void write_object(const void *row)
{
    const struct json_row *object = row;
    char came[512], wanted[512], name[] = "a\"b";
    int ends[2];

    clock_stop();
    child_stderr(PIPE, ends);
    log_guard_stderr();
    REQUIRE(log_set_format("json"));
    log_open(&child_net, LOG_FAILURE, NULL, false);
    program_invocation_short_name = name;
    log_print(LOG_FAILURE, "%s", object->words);
    child_came(ends[0], came, sizeof came);
    snprintf(wanted, sizeof wanted,
             "{\"time\":\"1970-01-01T00:16:40.000Z\",\"program\":\"a\\\"b\",\"pid\":%d,\"level\":\"failure\","
             "\"message\":\"%s\"}\n",
             (int)getpid(), object->message);
    REQUIRE(strcmp(came, wanted) == 0);
}

static void an_object_a_line(void **state)
{
    child_run(write_object, *state);
}

static void write_long_object(const void *row)
{
    char came[4096], words[LOG_LINE_SIZE];
    struct text line = text_in(words, sizeof words);
    int ends[2];
    size_t size;

    (void)row;
    while (!line.cut)
        text_add(&line, "\\");
    child_stderr(PIPE, ends);
    log_guard_stderr();
    log_set_format("json");
    log_open(&child_net, LOG_FAILURE, NULL, true);
    log_line(LOG_FAILURE, &line);
    size = child_came(ends[0], came, sizeof came);
    REQUIRE(size > LOG_LINE_SIZE && strcmp(came + size - 5, "\\\\\"}\n") == 0);
    REQUIRE(!log_set_format("xml"));
}

static void an_object_that_is_too_long_is_still_one(void **state)
{
    (void)state;
    child_run(write_long_object, NULL);
}

int main(void)
{
    ROWS(levels, what_is_said_at_which_level);
    ROWS(times, the_time_is_utc);
    ROWS(objects, an_object_a_line);
    STORY(an_object_that_is_too_long_is_still_one);
    STORY(nothing_is_said_before_the_log_is_open);
    STORY(the_program_is_named);
    STORY(a_line_that_is_too_long_is_still_a_line);
    ROWS(repeats, a_failure_is_not_said_too_often);
    return rows_run("log_lines");
}
