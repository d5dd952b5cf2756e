#include "loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EVENTS_MOST = 256 };

void loop_allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int loop_open(struct loop *loop)
{
    *loop = (struct loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
    return loop->epoll < 0 ? -errno : 0;
}

void loop_close(struct loop *loop)
{
    close(loop->epoll);
}

static int control(struct loop *loop, int operation, int fd, uint32_t events, struct watch *watch)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };

    if (epoll_ctl(loop->epoll, operation, fd, &event) < 0)
        return -errno;
    watch->events = events;
    return 0;
}

int loop_watch(struct loop *loop, int fd, uint32_t events, struct watch *watch)
{
    return control(loop, EPOLL_CTL_ADD, fd, events, watch);
}

int loop_change(struct loop *loop, int fd, uint32_t events, struct watch *watch)
{
    return control(loop, EPOLL_CTL_MOD, fd, events, watch);
}

void loop_forget(struct loop *loop, int fd)
{
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void loop_watch_more(struct loop *loop, int fd, uint32_t more, struct watch *watch)
{
    if (watch->events && (watch->events | more) != watch->events)
        loop_change(loop, fd, watch->events | more, watch);
}

void loop_add_timer(struct loop *loop, struct timer *timer, void (*due)(struct timer *timer))
{
    *timer = (struct timer){ .at = deadline_never(), .due = due, .next = loop->timers };
    loop->timers = timer;
}

void loop_set_timer(struct timer *timer, struct deadline at)
{
    timer->at = deadline_earlier(timer->at, at);
}

void loop_set_timer_now(struct timer *timer)
{
    timer->at = (struct deadline){ 0 };
}

static void run_timers(struct loop *loop)
{
    for (struct timer *timer = loop->timers; timer; timer = timer->next)
        if (deadline_passed(timer->at)) {
            timer->at = deadline_never();
            timer->due(timer);
        }
}

static struct deadline next_timer(const struct loop *loop)
{
    struct deadline next = deadline_never();

    for (const struct timer *timer = loop->timers; timer; timer = timer->next)
        next = deadline_earlier(next, timer->at);
    return next;
}

int loop_run(struct loop *loop)
{
    struct epoll_event events[EVENTS_MOST];
    int count;

    while (!loop->stopped) {
        count = epoll_wait(loop->epoll, events, EVENTS_MOST, deadline_left(next_timer(loop)));
        if (count < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < count; i++) {
            struct watch *watch = events[i].data.ptr;

            watch->ready(watch, events[i].events);
        }
        run_timers(loop);
    }
    return 0;
}
