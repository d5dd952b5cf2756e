#include "signals.h"

#include "../real.h"

#include <signal.h>
#include <sys/time.h>

static bool has_time_out(int fd)
{
    struct timeval set = { 0 };
    socklen_t size = sizeof set;

    return real()->getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &set, &size) == 0 &&
           (set.tv_sec != 0 || set.tv_usec != 0);
}

void signals_hold(sigset_t *before)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

void signals_release(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

bool signals_interrupt(int fd)
{
    sigset_t blocked;

    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    return signals_interrupt_under(fd, &blocked);
}

/* What the thread's own instructions raise, and none does that waits. Runtimes (the JVM's,
 * AddressSanitizer's) catch them. */
static bool is_fault(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGTRAP;
}

bool signals_interrupt_under(int fd, const sigset_t *blocked)
{
    struct sigaction action;

    if (has_time_out(fd))
        return true;
    for (int number = 1; number < NSIG; number++) {
        if (is_fault(number) || sigismember(blocked, number) == 1 || sigaction(number, NULL, &action) < 0)
            continue;
        if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN && !(action.sa_flags & SA_RESTART))
            return true;
    }
    return false;
}
