#include "signals.h"
#include "gates.h"
#include "look.h"
#include "steps.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

volatile sig_atomic_t pipes;
static volatile sig_atomic_t alarms, ios;

void count_alarm(int number)
{
    (void)number;
    alarms++;
}

void count_pipe(int number)
{
    (void)number;
    pipes++;
}

static void count_io(int number)
{
    (void)number;
    ios++;
}

void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

    sigaction(number, &action, NULL);
}

/* "[restart] [open | rescue]": SIGALRM when the row sleeps; and if it then sleeps again, or on, the target
 * may answer. */
static void do_signal(struct story *story, const char *arguments)
{
    (void)story;
    handle(SIGALRM, count_alarm, strstr(arguments, "restart") ? SA_RESTART : 0);
    strcpy(asked_for, strstr(arguments, "open") ? "so" : strstr(arguments, "rescue") ? "sr" : "s");
}

/* "open": when the row sleeps. */
static void do_later(struct story *story, const char *arguments)
{
    (void)story;
    (void)arguments;
    strcpy(asked_for, "o");
}

/* The target may answer if the row would sleep on without: for what waits where natively nothing does. */
static void do_rescue(struct story *story, const char *arguments)
{
    (void)story;
    (void)arguments;
    strcpy(asked_for, "r");
}

/* To itself: now, or when it is let in. */
static void do_raise(struct story *story, const char *arguments)
{
    (void)story;
    (void)arguments;
    handle(SIGALRM, count_alarm, 0);
    kill(getpid(), SIGALRM);
}

static void do_alarms(struct story *story, const char *arguments)
{
    (void)story;
    (void)arguments;
    say("  alarms: %d\n", (int)alarms);
}

/* SIGALRM is blocked, and the waits that take a mask let it in. */
static void do_mask(struct story *story, const char *arguments)
{
    static sigset_t open;
    sigset_t alarm_only;

    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarm_only, &open);
    if (strcmp(arguments, "open") == 0 && story->api->masks)
        story->mask = &open;
}

static void do_async(struct story *story, const char *arguments)
{
    int on = 1, result;

    handle(SIGIO, count_io, SA_RESTART);
    fcntl(story->fd, F_SETOWN, getpid());
    result = strcmp(arguments, "by ioctl") == 0
                 ? ioctl(story->fd, FIOASYNC, &on)
                 : fcntl(story->fd, F_SETFL, fcntl(story->fd, F_GETFL) | O_ASYNC);
    say("  async: %s\n", result_name(result));
}

/* SIGIO says that there is something to look at; the look says what. */
static void do_await_io(struct story *story, const char *arguments)
{
    int64_t end = now() + LIMIT;
    struct pollfd ready = { .fd = story->fd, .events = POLLOUT };
    sig_atomic_t seen = 0;

    (void)arguments;
    while (now() < end) {
        if (ios == seen) {
            nap(LOOK);
            continue;
        }
        seen = ios;
        if (poll(&ready, 1, 0) > 0) {
            say("  SIGIO, and %s\n", bits_name((uint32_t)ready.revents));
            return;
        }
    }
    say("  no SIGIO\n");
}

const struct verb signal_verbs[] = {
    { "signal", do_signal },
    { "later", do_later },
    { "rescue", do_rescue },
    { "raise", do_raise },
    { "alarms", do_alarms },
    { "mask", do_mask },
    { "async", do_async },
    { "await-io", do_await_io },
    { 0 },
};
