/* `address NAME ADDRESS...`: the addresses of a proxy's name, so that it need not be looked up where a program cannot
 * wait. ptunnel-run hands over what it has found so. */
#ifndef PTUNNEL_KNOWN_H
#define PTUNNEL_KNOWN_H

#include "parser.h"

#include <ptunnel/addresses.h>

struct known {
    struct known *next;
    struct endpoint name;
    struct addresses list;
};

void known_parse(struct parser *parser, struct line *line);

/* Tells the candidates of a route what is known of their names. */
void known_apply(const struct parser *parser, const struct route *route);

/* A line for each name of a proxy whose addresses were found. */
void known_write(const struct config *config, struct text *out);

#endif
