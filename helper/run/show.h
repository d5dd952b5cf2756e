/* --show: the configuration that holds, as rule text, each line with its origin behind it; secrets masked. */
#ifndef PTUNNEL_SHOW_H
#define PTUNNEL_SHOW_H

#include <ptunnel/config.h>

#include <stdbool.h>

bool show(const struct config *config); /* false: standard output cannot be written to */

#endif
