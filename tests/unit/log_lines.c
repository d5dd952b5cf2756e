/* The log: what is said, at which level, and how a line looks. */
#include "support/child.h"
#include "support/fake_clock.h"
#include "support/rows.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct level_row {
    const char *name;
    int level;
    const char *came;
} levels[] = {
    { "quiet", LOG_QUIET, "" },
    { "the default", LOG_FAILURE, "ptunnel: failure\n" },
    { "-v", LOG_CONNECTION, "ptunnel: failure\nptunnel: connection\n" },
    { "-vv", LOG_HANDSHAKE, "ptunnel: failure\nptunnel: connection\nptunnel: handshake\n" },
    { "-vvv", LOG_DETAIL, "ptunnel: failure\nptunnel: connection\nptunnel: handshake\nptunnel: detail\n" },
};

static void write_at_levels(const void *row)
{
    static const char *const words[] = { "failure", "connection", "handshake", "detail" };
    const struct level_row *level = row;
    char came[256];
    int ends[2];

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
    bool said;
} repeats[] = {
    { "at once", LOG_FAILURE, 1, 0, false },
    { "after nearly ten seconds", LOG_FAILURE, 1, 9999, false },
    { "after ten seconds", LOG_FAILURE, 1, 10000, true },
    { "another subject", LOG_FAILURE, 2, 0, true },
    { "at -v all are said", LOG_CONNECTION, 1, 0, true },
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
    REQUIRE(strcmp(came, repeat->said ? "ptunnel: x\nptunnel: x\n" : "ptunnel: x\n") == 0);
}

static void a_failure_is_not_said_too_often(void **state)
{
    child_run(write_twice, *state);
}

int main(void)
{
    ROWS(levels, what_is_said_at_which_level);
    STORY(nothing_is_said_before_the_log_is_open);
    STORY(the_program_is_named);
    STORY(a_line_that_is_too_long_is_still_a_line);
    ROWS(repeats, a_failure_is_not_said_too_often);
    return rows_run("log_lines");
}
