/* ptunnel-run --setup: asks which proxy to use, offers those that are there, writes the rule file, tries it. */
#ifndef PTUNNEL_SETUP_H
#define PTUNNEL_SETUP_H

#include "../common/shared_options.h"

/* Options that were given are not asked for, and become lines of the file; it is that of -r, else
 * ~/.config/ptunnel/rules. Then each target is tried (none: a few of which the port matters). Without a
 * terminal nothing is asked or written. Returns the exit status: that of --check; 0 without a terminal; 125
 * if nothing was written. */
int setup(struct shared_options *options, char **targets);

#endif
