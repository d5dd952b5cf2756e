/* -W: one tunnel whose near side is standard input and output. */
#ifndef PTUNNEL_PIPE_H
#define PTUNNEL_PIPE_H

#include "setup.h"

/* Returns the exit status: 0 if the tunnel was opened and both sides ended with an end of file; else the log
 * says why not. Ends the program if it cannot begin. */
int pipe_or_exit(const struct options *options, const struct setup *setup);

#endif
