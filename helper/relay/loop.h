/* One thread that waits for many descriptors and a few points in time. */
#ifndef PTUNNEL_LOOP_H
#define PTUNNEL_LOOP_H

#include <ptunnel/deadline.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* Who wants to know about a descriptor. It must live until loop_run() has come to its timers once after the
 * descriptor was closed: an event for it may have been fetched already. */
struct watch {
    void (*ready)(struct watch *watch, uint32_t events);
    uint32_t events; /* what it is told of; 0: nothing yet */
};

/* Timers are looked at after each round of events; one that has come due is off until it is set again. */
struct timer {
    struct deadline at;
    void (*due)(struct timer *timer);
    struct timer *next;
};

struct loop {
    int epoll;
    bool stopped; /* set by whoever wants loop_run() to return */
    struct timer *timers;
};

int loop_open(struct loop *loop); /* 0 or a negative errno */
void loop_close(struct loop *loop);

/* epoll_ctl(2) ADD and MOD. 0 or a negative errno; -EPERM for what is always ready, a regular file. */
int loop_watch(struct loop *loop, int fd, uint32_t events, struct watch *watch);
int loop_change(struct loop *loop, int fd, uint32_t events, struct watch *watch);

/* From now on tells of these, too. Costs nothing if it did, or if the descriptor is not watched. */
void loop_watch_more(struct loop *loop, int fd, uint32_t more, struct watch *watch);

/* The timer is off; whoever wants it sets .at. */
void loop_add_timer(struct loop *loop, struct timer *timer, void (*due)(struct timer *timer));
void loop_set_timer(struct timer *timer, struct deadline at); /* unless it comes due earlier already */
void loop_set_timer_now(struct timer *timer);                 /* at the end of this round */

int loop_run(struct loop *loop); /* until .stopped; 0 or a negative errno */

#endif
