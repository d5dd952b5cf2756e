#include "loop.h"

#include <err.h>
#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NANOSECONDS_A_MILLISECOND = 1000000 };

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 * NANOSECONDS_A_MILLISECOND + time.tv_nsec;
}

void loop_open(struct loop *loop)
{
    *loop = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    loop->timers.earlier = loop->timers.later = &loop->timers;
    if (loop->epoll < 0)
        err(1, "epoll_create1");
}

void loop_close(struct loop *loop)
{
    close(loop->epoll);
}

static void control(struct watch *watch, int operation, uint32_t interest)
{
    struct epoll_event event = {.events = interest, .data.ptr = watch};

    if (epoll_ctl(watch->loop->epoll, operation, watch->fd, &event) < 0)
        err(1, "epoll_ctl");
}

void watch_want(struct watch *watch, uint32_t interest)
{
    if (watch->registered && watch->interest == interest)
        return;
    control(watch, watch->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, interest);
    watch->interest = interest;
    watch->registered = true;
}

void watch_off(struct watch *watch)
{
    if (watch->registered)
        control(watch, EPOLL_CTL_DEL, 0);
    watch->registered = false;
}

void watch_close(struct watch *watch)
{
    if (watch->fd < 0)
        return;
    watch_off(watch);
    close(watch->fd);
    watch->fd = -1;
}

void watch_reset(struct watch *watch)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};

    if (watch->fd >= 0)
        setsockopt(watch->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    watch_close(watch);
}

void timer_set(struct loop *loop, struct timer *timer, unsigned milliseconds)
{
    struct timer *before = loop->timers.earlier;

    timer_stop(timer);
    timer->due = now() + (int64_t)milliseconds * NANOSECONDS_A_MILLISECOND;
    /* From the end, because most timers have the same length: then the first look finds the place. */
    while (before != &loop->timers && before->due > timer->due)
        before = before->earlier;
    timer->earlier = before;
    timer->later = before->later;
    before->later->earlier = timer;
    before->later = timer;
}

void timer_stop(struct timer *timer)
{
    if (!timer->later)
        return;
    timer->earlier->later = timer->later;
    timer->later->earlier = timer->earlier;
    timer->earlier = timer->later = NULL;
}

static void fire_timers(struct loop *loop)
{
    int64_t time = now();

    while (loop->timers.later != &loop->timers && loop->timers.later->due <= time) {
        struct timer *timer = loop->timers.later;

        timer_stop(timer);
        timer->fire(timer->owner);
    }
}

/* Milliseconds to the next timer, rounded up: none may fire early. */
static int time_left(const struct loop *loop)
{
    int64_t left;

    if (loop->timers.later == &loop->timers)
        return -1;
    left = loop->timers.later->due - now();
    return left <= 0 ? 0 : (int)((left + NANOSECONDS_A_MILLISECOND - 1) / NANOSECONDS_A_MILLISECOND);
}

static void dispatch(struct watch *watch, uint32_t events)
{
    /* A hang-up: both directions have ended, so neither a read nor a write would wait any longer. Whoever waits
     * for one of them is told, because it may be what he waits for. Whoever waits for nothing would do nothing
     * about it, and the kernel would say it again and again: he hears no more until he wants something. */
    if (watch->interest == 0 && !(events & EPOLLERR))
        watch_off(watch);
    else
        watch->ready(watch, events);
}

void loop_run(struct loop *loop)
{
    while (!loop->stopped) {
        struct epoll_event event;
        int count;

        count = epoll_wait(loop->epoll, &event, 1, time_left(loop));
        if (count < 0 && errno != EINTR)
            err(1, "epoll_wait");
        if (count == 1)
            dispatch(event.data.ptr, event.events);
        fire_timers(loop);
    }
}
