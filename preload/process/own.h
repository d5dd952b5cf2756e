/* Work of our own inside a call of the program's. While it lasts the thread cannot be cancelled (it would
 * leave descriptors open and locks held) and no signal handler runs (one that closed the descriptor would
 * have us go on with another file); at its end errno is what it was. Never around a wait: a handler that
 * interrupts a wait must find the program's own signal mask. */
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

/* They may be nested; only the outermost pair makes system calls, two in all. */
void own_begin(struct own *own);
void own_end(const struct own *own);

/* Asked before own_end() by whoever goes on with a wait: what the signals that came during the work, and are
 * held back until its end, would have done to that wait. `mask` is the wait's, as for ppoll(2); NULL: the
 * thread's own. */
enum own_signal {
    OWN_NONE,
    OWN_RESTARTS,   /* its handler has SA_RESTART: poll(2) and its like end nevertheless (signal(7)) */
    OWN_INTERRUPTS, /* EINTR in any case */
};
enum own_signal own_signal(const struct own *own, const sigset_t *mask);

#endif
