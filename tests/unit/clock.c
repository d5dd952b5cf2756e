/* The clock is the kernel's, also where another definition of libc's functions stands in front of them: here
 * the program's own, which let no time pass, and none be slept. */
#include "support/rows.h"

#include <ptunnel/clock.h>
#include <ptunnel/deadline.h>

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static int asked;

int clock_gettime(clockid_t clock, struct timespec *out)
{
    (void)clock;
    asked++;
    *out = (struct timespec){ .tv_sec = 7 };
    return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
    (void)clock;
    (void)flags;
    (void)time;
    (void)left;
    asked++;
    return 0;
}

static int64_t by_the_kernel(clockid_t clock)
{
    struct timespec now = { 0 };

    syscall(SYS_clock_gettime, clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static const struct {
    const char *name;
    clockid_t clock;
} clocks[] = {
    { "real time", CLOCK_REALTIME },
    { "monotonic", CLOCK_MONOTONIC },
    { "since the boot", CLOCK_BOOTTIME },
};

static void it_says_what_the_kernel_says(void **state)
{
    const typeof(*clocks) *row = *state;
    int64_t before = by_the_kernel(row->clock), now = clock_now(row->clock), after = by_the_kernel(row->clock);

    assert_true(before <= now && now <= after);
    assert_int_equal(asked, 0);
}

static void a_pause_lasts(void **state)
{
    int64_t before = by_the_kernel(CLOCK_MONOTONIC);

    (void)state;
    errno = EXDEV;
    clock_pause(3000000);
    assert_true(by_the_kernel(CLOCK_MONOTONIC) - before >= 3000000);
    assert_int_equal(asked, 0);
    assert_int_equal(errno, EXDEV);
}

static void deadlines_are_kept_by_it(void **state)
{
    struct deadline deadline = deadline_in(3);

    (void)state;
    assert_false(deadline_passed(deadline));
    clock_pause(4000000);
    assert_true(deadline_passed(deadline));
    assert_int_equal(asked, 0);
}

int main(void)
{
    ROWS(clocks, it_says_what_the_kernel_says);
    STORY(a_pause_lasts);
    STORY(deadlines_are_kept_by_it);
    return rows_run("clock");
}
