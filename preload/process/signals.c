#include "signals.h"

#include "../real.h"

#include <sys/time.h>

static bool has_time_out(int fd)
{
    struct timeval set = { 0 };
    socklen_t size = sizeof set;

    return real()->getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &set, &size) == 0 &&
           (set.tv_sec != 0 || set.tv_usec != 0);
}

bool signals_interrupted(int fd, enum own_signal came)
{
    return came == OWN_INTERRUPTS || (came == OWN_RESTARTS && has_time_out(fd));
}

/* What the thread's own instructions raise, and none does that waits. Runtimes (the JVM's,
 * AddressSanitizer's) catch them. */
static bool is_fault(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGTRAP;
}

bool signals_interrupt(int fd)
{
    struct sigaction action;
    sigset_t blocked;

    if (has_time_out(fd))
        return true;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    for (int number = 1; number < NSIG; number++) {
        if (is_fault(number) || sigismember(&blocked, number) == 1 || sigaction(number, NULL, &action) < 0)
            continue;
        if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN && !(action.sa_flags & SA_RESTART))
            return true;
    }
    return false;
}
