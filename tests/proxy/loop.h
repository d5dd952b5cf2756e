#ifndef PROXY_LOOP_H
#define PROXY_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* The event loop: descriptors and timers, one event at a time. Because epoll_wait() is asked for a single
 * event, a handler may free any watch, its own included: no event for it is left over in a batch. */
struct timer {
    struct timer *earlier, *later; /* NULL while it is not set */
    int64_t due;                   /* CLOCK_MONOTONIC, nanoseconds */
    void (*fire)(void *owner);
    void *owner;
};

struct loop {
    int epoll;
    bool stopped;
    struct timer timers; /* head of a ring, ordered by due time */
};

struct watch {
    int fd; /* -1: closed, or never opened */
    uint32_t interest;
    bool registered;
    struct loop *loop;
    void (*ready)(struct watch *watch, uint32_t events);
    void *owner;
};

void loop_open(struct loop *loop);
void loop_run(struct loop *loop); /* until `stopped` */
void loop_close(struct loop *loop);

/* An error is reported whatever the interest, also when it is 0. A hang-up (EPOLLHUP) is reported unless it is 0, and may come
 * in one event with what is waited for. After watch_off() nothing is reported. */
void watch_want(struct watch *watch, uint32_t interest);
void watch_off(struct watch *watch);
void watch_close(struct watch *watch);
void watch_reset(struct watch *watch); /* close with a RST */

void timer_set(struct loop *loop, struct timer *timer, unsigned milliseconds);
void timer_stop(struct timer *timer);

#endif
