/* What would keep the loop waiting is done by a thread; the rest of it, by the loop again. So nothing but the
 * work itself is ever touched by two threads at once. */
#ifndef PTUNNEL_WORK_H
#define PTUNNEL_WORK_H

#include "../relay/loop.h"

#include <pthread.h>

struct work {
    void (*run)(struct work *work);  /* in a thread of its own; signals are blocked */
    void (*done)(struct work *work); /* afterwards, in the loop; the work is the callee's */
    struct works *all;
    struct work *next;
};

struct works {
    struct watch watch;
    int ready; /* an eventfd(2) */
    pthread_mutex_t lock;
    struct work *finished;
};

int works_open(struct works *works, struct loop *loop); /* 0 or a negative errno */

/* 0, or a negative errno with nothing done: there are too many threads already. */
int work_start(struct works *works, struct work *work);

#endif
