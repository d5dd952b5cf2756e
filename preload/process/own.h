/* Our own work, inside a call of the program's: no cancellation point, though the call may be one (a thread that ended
 * in it would leave descriptors open and locks held); no signal handler runs in the middle of it (one that closes the
 * descriptor would have us go on with another file); errno is as before. Never around a wait: a handler that
 * interrupts one has to find the program's own mask. */
#ifndef PTUNNEL_OWN_H
#define PTUNNEL_OWN_H

#include <pthread.h>
#include <signal.h>

/* Cancellation alone. */
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

struct own {
    int error, cancel;
    sigset_t signals; /* the thread's mask; only of the outermost */
};

/* They may be nested: only the outermost pair makes system calls, two. */
void own_begin(struct own *own);
void own_end(const struct own *own);

/* Before own_end() of work after which a wait goes on: a signal that came meanwhile, and that the wait would have let
 * in (mask NULL: the thread's own mask), would have interrupted it. What it would have done to the call: */
enum own_signal {
    OWN_NONE,
    OWN_RESTARTS,   /* its handler has SA_RESTART: poll(2) and its like end nevertheless (signal(7)) */
    OWN_INTERRUPTS, /* EINTR in any case */
};
enum own_signal own_signal(const struct own *own, const sigset_t *mask);

#endif
