/* Our own work is no cancellation point, wherever the program's call is one: a thread that ended in it would
 * leave descriptors open and locks held. */
#ifndef PTUNNEL_OWN_H
#define PTUNNEL_OWN_H

#include <pthread.h>

static inline int cancel_hold(void)
{
    int before;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static inline void cancel_release(int before)
{
    pthread_setcancelstate(before, NULL);
}

#endif
