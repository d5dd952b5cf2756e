#include <ptunnel/clock.h>
#include <ptunnel/loaded.h>

#include <stdatomic.h>

typedef int gettime_function(clockid_t clock, struct timespec *out);
typedef int sleep_function(clockid_t clock, int flags, const struct timespec *time, struct timespec *left);

/* Where time_t is wider than a word, libc has the functions that take it under a name of their own. A static
 * program, in which nothing is found, has no other functions than its own. */
static void *find(const char *name, const char *name_of_wide, void *otherwise)
{
    void *found = loaded_libc_symbol(sizeof(time_t) > sizeof(long) ? name_of_wide : name);

    return found ? found : otherwise;
}

int64_t clock_now(clockid_t clock)
{
    static _Atomic(gettime_function *) own;
    gettime_function *call = atomic_load_explicit(&own, memory_order_relaxed);
    struct timespec now = { 0 };

    if (!call) {
        call = (gettime_function *)find("clock_gettime", "__clock_gettime64", (void *)clock_gettime);
        atomic_store_explicit(&own, call, memory_order_relaxed);
    }
    call(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void clock_pause(int64_t nanoseconds)
{
    static _Atomic(sleep_function *) own;
    sleep_function *call = atomic_load_explicit(&own, memory_order_relaxed);
    struct timespec time = { .tv_sec = (time_t)(nanoseconds / 1000000000),
                             .tv_nsec = (long)(nanoseconds % 1000000000) };

    if (!call) {
        call = (sleep_function *)find("clock_nanosleep", "__clock_nanosleep_time64", (void *)clock_nanosleep);
        atomic_store_explicit(&own, call, memory_order_relaxed);
    }
    call(CLOCK_MONOTONIC, 0, &time, NULL); /* an error is its answer, not errno */
}
