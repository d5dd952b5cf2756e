/* Which signals end a call that waits, as connect(2) has it. */
#ifndef PTUNNEL_SIGNALS_H
#define PTUNNEL_SIGNALS_H

#include "own.h"

#include <stdbool.h>

/* After poll(2) said EINTR, which it does for every handler: would connect(2), send(2) or recv(2) on fd have
 * said it too? Only for a handler without SA_RESTART, or for any when the socket has a time-out. Which
 * handler ran is not to be known: with handlers of both kinds the answer is yes. */
bool signals_interrupt(int fd);

/* The same of a signal that came while we worked. */
bool signals_interrupted(int fd, enum own_signal came);

#endif
