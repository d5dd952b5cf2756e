#include <ptunnel/deadline.h>

#include <limits.h>
#include <time.h>

int64_t deadline_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
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
