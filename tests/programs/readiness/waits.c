#include "waits.h"
#include "epoll.h"
#include "gates.h"
#include "look.h"
#include "steps.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

/* glibc declares the fortified forms only for programs that use them. */
int __poll_chk(struct pollfd *fds, nfds_t count, int milliseconds, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *time, const sigset_t *mask,
                size_t room);

static struct timespec *timespec_of(int ms, struct timespec *out)
{
    *out = (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
    return ms < 0 ? NULL : out;
}

static int call_poll(struct pollfd *fds, nfds_t count, int ms, const sigset_t *mask)
{
    (void)mask;
    return poll(fds, count, ms);
}

static int call_poll_chk(struct pollfd *fds, nfds_t count, int ms, const sigset_t *mask)
{
    (void)mask;
    return __poll_chk(fds, count, ms, count * sizeof *fds);
}

static int call_ppoll(struct pollfd *fds, nfds_t count, int ms, const sigset_t *mask)
{
    struct timespec time;

    return ppoll(fds, count, timespec_of(ms, &time), mask);
}

static int call_ppoll_chk(struct pollfd *fds, nfds_t count, int ms, const sigset_t *mask)
{
    struct timespec time;

    return __ppoll_chk(fds, count, timespec_of(ms, &time), mask, count * sizeof *fds);
}

static int call_select(int count, fd_set *sets, int ms, const sigset_t *mask, int *left)
{
    struct timeval time = { ms / 1000, ms % 1000 * 1000 };
    int result = select(count, &sets[0], &sets[1], &sets[2], ms < 0 ? NULL : &time);

    (void)mask;
    *left = ms < 0 ? -1 : (int)(time.tv_sec * 1000 + time.tv_usec / 1000);
    return result;
}

static int call_pselect(int count, fd_set *sets, int ms, const sigset_t *mask, int *left)
{
    struct timespec time;

    *left = -1;
    return pselect(count, &sets[0], &sets[1], &sets[2], timespec_of(ms, &time), mask);
}

static int call_epoll_wait(int set, struct epoll_event *events, int most, int ms, const sigset_t *mask)
{
    (void)mask;
    return epoll_wait(set, events, most, ms);
}

static int call_epoll_pwait(int set, struct epoll_event *events, int most, int ms, const sigset_t *mask)
{
    return epoll_pwait(set, events, most, ms, mask);
}

static int call_epoll_pwait2(int set, struct epoll_event *events, int most, int ms, const sigset_t *mask)
{
    struct timespec time;

    return epoll_pwait2(set, events, most, timespec_of(ms, &time), mask);
}

const struct api apis[] = {
    { .name = "poll", .kind = KIND_POLL, .poll = call_poll },
    { .name = "__poll_chk", .kind = KIND_POLL, .poll = call_poll_chk },
    { .name = "ppoll", .kind = KIND_POLL, .masks = true, .poll = call_ppoll },
    { .name = "__ppoll_chk", .kind = KIND_POLL, .masks = true, .poll = call_ppoll_chk },
    { .name = "select", .kind = KIND_SELECT, .select = call_select },
    { .name = "pselect", .kind = KIND_SELECT, .masks = true, .select = call_pselect },
    { .name = "epoll_wait", .kind = KIND_EPOLL, .epoll = call_epoll_wait },
    { .name = "epoll_pwait", .kind = KIND_EPOLL, .masks = true, .epoll = call_epoll_pwait },
    { .name = "epoll_pwait2", .kind = KIND_EPOLL, .masks = true, .epoll = call_epoll_pwait2 },
    { 0 },
};

int wait_poll(struct story *story, int fd, int ms, char *out)
{
    struct pollfd fds[IDLE_MOST + 1] = { { .fd = fd, .events = (short)story->events } };
    int result;

    for (int i = 0; i < story->idle_count; i++)
        fds[i + 1] = (struct pollfd){ .fd = story->idle[i], .events = POLLIN };
    result = story->api->poll(fds, (nfds_t)story->idle_count + 1, ms, story->mask);
    if (result > 0)
        sprintf(out, "%d: %s", result, bits_name((uint16_t)fds[0].revents));
    return result;
}

/* select() writes the time that is left: not less than there was when we looked, less than all if it slept,
 * and not much more than what we know of the time that it took. */
static bool left_is_right(int ms, int left, const struct moment *started)
{
    struct moment ended = moment();
    int64_t took = ended.time - started->time, least = ms - took, most = least + ended.kept - started->kept;

    if (ended.sleeps > started->sleeps && ms > 0 && left >= ms)
        return false;
    return left >= (least > 0 ? least : 0) - EARLY && left <= (most > 0 ? most : 0) + LATE;
}

int wait_select(struct story *story, int fd, int ms, char *out)
{
    fd_set sets[3];
    struct moment started = moment();
    int left = -1, most = fd, result;

    for (int i = 0; i < 3; i++)
        FD_ZERO(&sets[i]);
    for (int i = 0; i < story->idle_count; i++) {
        FD_SET(story->idle[i], &sets[0]);
        most = story->idle[i] > most ? story->idle[i] : most;
    }
    if (story->events & POLLIN)
        FD_SET(fd, &sets[0]);
    if (story->events & POLLOUT)
        FD_SET(fd, &sets[1]);
    FD_SET(fd, &sets[2]);
    result = story->api->select(most + 1, sets, ms, story->mask, &left);
    if (result > 0)
        sprintf(out, "%d:%s%s%s", result, FD_ISSET(fd, &sets[0]) ? " read" : "",
                FD_ISSET(fd, &sets[1]) ? " write" : "", FD_ISSET(fd, &sets[2]) ? " except" : "");
    if (left >= 0 && !left_is_right(ms, left, &started))
        sprintf(out + strlen(out), ", %d ms left", left);
    return result;
}

int wait_set(struct story *story, int set, int ms, char *out)
{
    struct epoll_event events[16];
    const struct api *api = story->api->epoll ? story->api : &apis[6];
    int result = api->epoll(set, events, 16, ms, story->mask);

    out[0] = 0;
    if (result > 0)
        qsort(events, (size_t)result, sizeof *events, by_label);
    for (int i = 0; i < result; i++)
        add_label(out, &events[i]);
    return result;
}

/* The sentence for a wait that returned. */
static void say_wait(const char *what, int result, const char *got, const struct moment *started, int ms)
{
    int error = errno;

    if (result > 0)
        say("  %s %d: %s\n", what, ms, got);
    else if (result == 0)
        say("  %s %d: nothing%s, %s\n", what, ms, got, ms == 0 ? "" : kept_time(started, ms));
    else
        say("  %s %d: %s\n", what, ms, error_name(error));
}

static void wait_on(struct story *story, const char *what, int fd, int set, int ms)
{
    char got[512] = "";
    struct moment started = moment();
    int result;

    post_wish();
    result = story->api->kind == KIND_POLL     ? wait_poll(story, fd, ms, got)
             : story->api->kind == KIND_SELECT ? wait_select(story, fd, ms, got)
                                               : wait_set(story, set, ms, got);
    say_wait(what, result, got, &started, ms);
}

static void do_wait(struct story *story, const char *arguments)
{
    wait_on(story, "wait", story->fd, story->set, atoi(arguments));
}

static void do_wait_copy(struct story *story, const char *arguments)
{
    wait_on(story, "wait for the copy", story->copy, story->set, atoi(arguments));
}

static void do_wait_second(struct story *story, const char *arguments)
{
    char got[512];
    struct moment started = moment();
    int result = wait_set(story, story->second, atoi(arguments), got);

    say_wait("wait in the second set", result, got, &started, atoi(arguments));
}

/* The set that holds the set, or poll and select on the set itself. */
static void do_wait_outer(struct story *story, const char *arguments)
{
    uint32_t events = story->events;

    story->events = POLLIN;
    wait_on(story, "wait outside", story->set, story->outer, atoi(arguments));
    story->events = events;
}

const struct verb wait_verbs[] = {
    { "wait", do_wait },
    { "wait-copy", do_wait_copy },
    { "wait-second", do_wait_second },
    { "wait-outer", do_wait_outer },
    { 0 },
};
