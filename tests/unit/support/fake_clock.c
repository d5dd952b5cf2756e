#include "fake_clock.h"

#include <stdbool.h>

static bool stopped;
static int64_t now; /* milliseconds */

void clock_stop(void)
{
    stopped = true;
    now = 1000 * 1000;
}

void clock_pass(int64_t milliseconds)
{
    now += milliseconds;
}

void clock_run(void)
{
    stopped = false;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    if (!stopped || clock != CLOCK_MONOTONIC)
        return __real_clock_gettime(clock, out);
    *out = (struct timespec){ .tv_sec = now / 1000, .tv_nsec = now % 1000 * 1000000 };
    return 0;
}
