/* Which signals end a call that waits, as connect(2) has it. */
#ifndef PTUNNEL_SIGNALS_H
#define PTUNNEL_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* A wait that is cut into slices must not lose a signal between two of them, which natively would have ended
 * it: all are held back meanwhile, and let in by the mask that ppoll(2) and its like take. */
void signals_hold(sigset_t *before);
void signals_release(const sigset_t *before);

/* After poll(2) said EINTR, which it does for every handler: would connect(2), send(2) or recv(2) on fd have
 * said it too? Only for a handler without SA_RESTART, or for any when the socket has a time-out. Which
 * handler ran is not to be known: with handlers of both kinds the answer is yes. */
bool signals_interrupt(int fd);

/* The same of a wait with this mask. */
bool signals_interrupt_under(int fd, const sigset_t *blocked);

#endif
