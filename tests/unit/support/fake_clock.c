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

int64_t __wrap_clock_now(clockid_t clock)
{
    return stopped && (clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME) ? now * 1000000 : __real_clock_now(clock);
}
