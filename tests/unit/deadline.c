/* Deadlines, under a clock that stands still. */
#include "support/rows.h"
#include "support/fake_clock.h"

#include <ptunnel/deadline.h>

#include <errno.h>
#include <limits.h>

static const struct {
    const char *name;
    int64_t in, passes; /* milliseconds */
    int left;
    bool passed;
} rows[] = {
    { "now", 0, 0, 0, true },
    { "a moment", 1, 0, 1, false },
    { "a moment that is over", 1, 1, 0, true },
    { "ten seconds, none gone", 10000, 0, 10000, false },
    { "ten seconds, all but one millisecond gone", 10000, 9999, 1, false },
    { "ten seconds, all gone", 10000, 10000, 0, true },
    { "ten seconds, long gone", 10000, 1000000000, 0, true },
    { "negative is never", -1, 1000000000, -1, false },
    { "very negative is never", INT64_MIN, 1000000000, -1, false },
    { "more than poll can say", (int64_t)INT_MAX + 5, 0, INT_MAX, false },
    { "more than the clock can say is never", INT64_MAX, 0, -1, false },
    { "nearly more than the clock can say", INT64_MAX / 2000000, 0, INT_MAX, false },
};

static void what_is_left(void **state)
{
    const typeof(*rows) *row = *state;
    struct deadline deadline;

    clock_stop();
    deadline = deadline_in(row->in);
    clock_pass(row->passes);
    assert_int_equal(deadline_left(deadline), row->left);
    assert_int_equal(deadline_passed(deadline), row->passed);
}

static void waking_is_never_early(void **state)
{
    struct deadline soon;

    (void)state;
    clock_stop();
    soon.at = deadline_now() + 1; /* a nanosecond */
    assert_int_equal(deadline_left(soon), 1);
    assert_false(deadline_passed(soon));
    soon.at = deadline_now() + 1000001;
    assert_int_equal(deadline_left(soon), 2);
}

static void the_earlier_one_bounds(void **state)
{
    struct deadline near = deadline_in(5), far = deadline_in(50), never = deadline_never();

    (void)state;
    assert_true(deadline_earlier(near, far).at == near.at);
    assert_true(deadline_earlier(far, near).at == near.at);
    assert_true(deadline_earlier(never, far).at == far.at);
    assert_true(deadline_earlier(never, never).at == never.at);
    assert_int_equal(deadline_left(never), -1);
    assert_false(deadline_passed(never));
}

static void the_real_clock_goes_forward_and_leaves_errno(void **state)
{
    int64_t before;

    (void)state;
    clock_run();
    errno = EXDEV;
    before = deadline_now();
    assert_true(before > 0);
    assert_true(deadline_now() >= before);
    assert_int_equal(errno, EXDEV);
}

int main(void)
{
    ROWS(rows, what_is_left);
    STORY(waking_is_never_early);
    STORY(the_earlier_one_bounds);
    STORY(the_real_clock_goes_forward_and_leaves_errno);
    return rows_run("deadline");
}
