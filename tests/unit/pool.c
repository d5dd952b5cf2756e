/* Tokens made ahead: when, for how long, and that none outlives the ticket that it was made with. */
#include "support/fake_clock.h"
#include "support/rows.h"

#include "../../helper/agent/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct pool pool;
static char cache[] = "/tmp/ptunnel-pool-XXXXXX";

static void write_cache(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(content, file) >= 0 && fclose(file) == 0);
}

static void ask(int times)
{
    while (times-- > 0)
        pool_count_question(&pool);
}

static void add(const char *field, const char *ccache)
{
    struct ticket_file file;

    ticket_file_look(&file, ccache);
    pool_add(&pool, field, strlen(field), &file);
}

static bool takes(const char *wanted)
{
    char *field;
    size_t size;
    bool same;

    if (!pool_take(&pool, &field, &size))
        return wanted == NULL;
    same = wanted && size == strlen(wanted) && memcmp(field, wanted, size) == 0;
    free(field);
    return same;
}

static void start(void)
{
    clock_stop();
    pool_empty(&pool);
    write_cache(cache, "ticket");
}

static void ten_questions_in_a_minute_fill_it(void **state)
{
    (void)state;
    start();
    assert_false(pool_wants(&pool));
    ask(POOL_QUESTIONS - 1);
    assert_false(pool_wants(&pool));
    ask(1);
    for (int i = 0; i < POOL_TOKENS; i++) {
        assert_true(pool_wants(&pool));
        add("token", cache);
    }
    assert_false(pool_wants(&pool));
    assert_true(takes("token"));
    assert_true(pool_wants(&pool));
    clock_pass(POOL_LASTS * 1000 + 1);
    assert_false(pool_wants(&pool));
    ask(POOL_QUESTIONS - 1);
    assert_false(pool_wants(&pool));
    ask(1);
    assert_true(pool_wants(&pool));
}

static void each_is_given_once_the_oldest_first_and_for_a_minute(void **state)
{
    (void)state;
    start();
    add("one", cache);
    add("two", cache);
    clock_pass(POOL_LASTS * 500);
    add("three", cache);
    assert_true(takes("one"));
    clock_pass(POOL_LASTS * 500 + 1);
    assert_true(takes("three"));
    assert_true(takes(NULL));
}

static void one_whose_ticket_has_changed_or_gone_is_not_given(void **state)
{
    char other[sizeof cache + 4];

    (void)state;
    start();
    add("one", cache);
    write_cache(cache, "renewed ticket");
    assert_true(takes(NULL));
    add("two", cache);
    snprintf(other, sizeof other, "%s.new", cache);
    write_cache(other, "renewed ticket");
    assert_int_equal(rename(other, cache), 0);
    assert_true(takes(NULL));
    add("three", cache);
    assert_int_equal(unlink(cache), 0);
    assert_true(takes(NULL));
}

static void caches_that_are_no_file_have_none(void **state)
{
    static const char *const names[] = { "KEYRING:persistent:0", "KCM:", "DIR:/tmp", "MEMORY:x", "", "/nonexistent/cache" };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        start();
        ask(POOL_QUESTIONS);
        add("token", names[i]);
        assert_true(takes(NULL));
        ask(POOL_QUESTIONS);
        assert_false(pool_wants(&pool));
    }
    start();
    add("token", cache);
    assert_true(takes("token"));
}

static void after_a_failure_it_waits_for_the_next_question(void **state)
{
    (void)state;
    start();
    ask(POOL_QUESTIONS);
    pool.rests = true;
    assert_false(pool_wants(&pool));
    ask(1);
    assert_true(pool_wants(&pool));
}

int main(void)
{
    int file = mkstemp(cache), result;

    STORY(ten_questions_in_a_minute_fill_it);
    STORY(each_is_given_once_the_oldest_first_and_for_a_minute);
    STORY(one_whose_ticket_has_changed_or_gone_is_not_given);
    STORY(caches_that_are_no_file_have_none);
    STORY(after_a_failure_it_waits_for_the_next_question);
    result = rows_run("pool");
    unlink(cache);
    close(file);
    return result;
}
