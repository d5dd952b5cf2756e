/* Listens for each operand until it is told to stop. */
#ifndef PTUNNEL_SERVE_H
#define PTUNNEL_SERVE_H

#include "options.h"
#include "setup.h"

/* Returns the exit status. Ends the program if it cannot listen, with words on standard error that name the
 * operand. */
int serve_or_exit(const struct options *options, const struct setup *setup);

#endif
