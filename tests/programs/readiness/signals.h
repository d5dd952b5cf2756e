/* Steps about signals. */
#ifndef READINESS_SIGNALS_H
#define READINESS_SIGNALS_H

#include <signal.h>

void handle(int number, void (*handler)(int), int flags);
void count_alarm(int number);
void count_pipe(int number);
extern volatile sig_atomic_t pipes; /* so many SIGPIPE have come */

#endif
