/* -W: one tunnel whose near side is standard input and output. */
#ifndef PTUNNEL_PIPE_H
#define PTUNNEL_PIPE_H

#include "setup.h"

/* The exit status: 0 if it was opened, and both sides have said all that they had to say; if it was not, why
 * is in the log. Ends the program if there is no such tunnel to be had here. */
int pipe_or_exit(const struct options *options, const struct setup *setup);

#endif
