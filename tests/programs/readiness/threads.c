/* Steps with threads that wait. */
#include "connection.h"
#include "look.h"
#include "signals.h"
#include "steps.h"
#include "waits.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct waiter {
    struct story *story;
    int result, error;
    char got[512];
    pthread_t thread;
    _Atomic pid_t number;
    _Atomic bool done;
};

static void *run_waiter(void *data)
{
    struct waiter *waiter = data;
    struct story *story = waiter->story;
    enum kind kind = story->api->kind;

    atomic_store(&waiter->number, (pid_t)syscall(SYS_gettid));
    waiter->result = kind == KIND_POLL     ? wait_poll(story, story->fd, LIMIT, waiter->got)
                     : kind == KIND_SELECT ? wait_select(story, story->fd, LIMIT, waiter->got)
                                           : wait_set(story, story->set, LIMIT, waiter->got);
    waiter->error = errno;
    atomic_store(&waiter->done, true);
    return NULL;
}

static bool rests(struct waiter *waiter)
{
    pid_t number = atomic_load(&waiter->number);

    return atomic_load(&waiter->done) || (number && sleeps(getpid(), number));
}

static void start_waiter(struct waiter *waiter, struct story *story)
{
    *waiter = (struct waiter){ .story = story };
    if (pthread_create(&waiter->thread, NULL, run_waiter, waiter) != 0)
        fail("pthread_create");
    while (!rests(waiter))
        nap(1);
}

static int count_done(struct waiter *waiters, int count)
{
    int done = 0;

    for (int i = 0; i < count; i++)
        done += atomic_load(&waiters[i].done);
    return done;
}

/* Whom the answer wakes is awake at once, or when a slice of the library's is over: whoever sleeps then
 * sleeps on. A signal ends that. */
static void end_waiters(struct waiter *waiters, int count)
{
    while (count_done(waiters, count) == 0)
        nap(1);
    nap(SLICES);
    for (int i = 0; i < count; i++) {
        while (!rests(&waiters[i]))
            nap(1);
        if (!atomic_load(&waiters[i].done))
            pthread_kill(waiters[i].thread, SIGALRM);
        pthread_join(waiters[i].thread, NULL);
    }
}

/* "COUNT": so many threads wait for the same answer. How many it wakes, and with what. */
static void do_threads(struct story *story, const char *arguments)
{
    struct waiter waiters[8];
    int count = atoi(arguments), woken = 0;
    const char *got = "";

    handle(SIGALRM, count_alarm, 0);
    for (int i = 0; i < count; i++)
        start_waiter(&waiters[i], story);
    do_open(story, "");
    end_waiters(waiters, count);
    for (int i = 0; i < count; i++) {
        woken += waiters[i].result > 0;
        got = waiters[i].result > 0 ? waiters[i].got : got;
    }
    say("  %d threads wait: %d woken, %s\n", count, woken, got);
}

static struct waiter background;

static void do_begin(struct story *story, const char *arguments)
{
    (void)arguments;
    start_waiter(&background, story);
}

static void do_join(struct story *story, const char *arguments)
{
    (void)story;
    (void)arguments;
    pthread_join(background.thread, NULL);
    errno = background.error;
    say("  the waiting thread: %s\n",
        background.result > 0 ? background.got : result_name(background.result));
}

const struct verb thread_verbs[] = {
    { "threads", do_threads },
    { "begin", do_begin },
    { "join", do_join },
    { 0 },
};
