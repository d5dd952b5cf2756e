#include <ptunnel/deadline.h>
#include <ptunnel/clock.h>

#include <limits.h>

int64_t deadline_now(void)
{
    return clock_now(CLOCK_MONOTONIC);
}

struct deadline deadline_never(void)
{
    return (struct deadline){ INT64_MAX };
}

struct deadline deadline_in(int64_t milliseconds)
{
    if (milliseconds < 0 || milliseconds > INT64_MAX / 2000000)
        return deadline_never();
    return (struct deadline){ deadline_now() + milliseconds * 1000000 };
}

struct deadline deadline_earlier(struct deadline a, struct deadline b)
{
    return a.at < b.at ? a : b;
}

bool deadline_passed(struct deadline deadline)
{
    return deadline.at != INT64_MAX && deadline_now() >= deadline.at;
}

int deadline_left(struct deadline deadline)
{
    int64_t left;

    if (deadline.at == INT64_MAX)
        return -1;
    left = deadline.at - deadline_now();
    if (left <= 0)
        return 0;
    left = (left + 999999) / 1000000;
    return left > INT_MAX ? INT_MAX : (int)left;
}
