/* --explain: where targets would go, and who says so. */
#ifndef PTUNNEL_EXPLAIN_H
#define PTUNNEL_EXPLAIN_H

#include <ptunnel/config.h>

#include <stdbool.h>

/* A line for each HOST:PORT; of a HOST alone one for each range of ports. "-" stands for the lines of
 * standard input. False, with words on standard error, if one is not a target. */
bool explain(const struct config *config, char **targets);

/* The line of a target with a port. */
void explain_target(const struct config *config, const struct endpoint *target);

#endif
