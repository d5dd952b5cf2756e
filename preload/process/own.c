#include "own.h"

#include <errno.h>
#include <stdbool.h>

static __thread unsigned depth;

void own_begin(struct own *own)
{
    sigset_t all;

    own->error = errno;
    own->cancel = cancel_hold();
    if (depth++ > 0)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &own->signals);
}

void own_end(const struct own *own)
{
    if (--depth == 0)
        pthread_sigmask(SIG_SETMASK, &own->signals, NULL);
    cancel_release(own->cancel);
    errno = own->error;
}

static enum own_signal of_handler(int number)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) < 0 || action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)
        return OWN_NONE;
    return action.sa_flags & SA_RESTART ? OWN_RESTARTS : OWN_INTERRUPTS;
}

enum own_signal own_signal(const struct own *own, const sigset_t *mask)
{
    enum own_signal most = OWN_NONE;
    sigset_t pending;

    sigemptyset(&pending);
    sigpending(&pending);
    for (int number = 1; number < NSIG; number++) {
        bool comes = sigismember(&pending, number) == 1 && sigismember(&own->signals, number) != 1 &&
                     !(mask && sigismember(mask, number) == 1);
        enum own_signal one = comes ? of_handler(number) : OWN_NONE;

        if (one > most)
            most = one;
    }
    return most;
}
