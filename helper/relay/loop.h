/* An event loop for one thread: descriptors by epoll(7), and a few timers. */
#ifndef PTUNNEL_LOOP_H
#define PTUNNEL_LOOP_H

#include <ptunnel/deadline.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* Is told of events of a descriptor. It must live until loop_run() has come to its timers once after the
 * descriptor was closed: events for it may have been fetched before. */
struct watch {
    void (*ready)(struct watch *watch, uint32_t events);
    uint32_t events; /* those it is registered for; 0: not registered */
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

/* As many descriptors as the hard limit allows: the usual soft limit, 1,024, is meant for programs that use select(2). */
void loop_allow_descriptors(void);

int loop_open(struct loop *loop); /* 0 or a negative errno */
void loop_close(struct loop *loop);

/* epoll_ctl(2) ADD and MOD. 0 or a negative errno; -EPERM for a descriptor that is always ready, such as a
 * regular file. */
int loop_watch(struct loop *loop, int fd, uint32_t events, struct watch *watch);
int loop_change(struct loop *loop, int fd, uint32_t events, struct watch *watch);

/* Not any more: for a descriptor that others have, too, so that closing it would not do. */
void loop_forget(struct loop *loop, int fd);

/* Adds events to those it is registered for. No system call if it is already, or is not watched. */
void loop_watch_more(struct loop *loop, int fd, uint32_t more, struct watch *watch);

/* The timer is off; whoever wants it sets .at. */
void loop_add_timer(struct loop *loop, struct timer *timer, void (*due)(struct timer *timer));
void loop_set_timer(struct timer *timer, struct deadline at); /* unless it is set to an earlier time */
void loop_set_timer_now(struct timer *timer);                 /* at the end of this round */

int loop_run(struct loop *loop); /* until .stopped; 0 or a negative errno */

#endif
