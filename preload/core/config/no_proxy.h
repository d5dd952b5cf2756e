/* $no_proxy, as rules. */
#ifndef PTUNNEL_NO_PROXY_H
#define PTUNNEL_NO_PROXY_H

#include "parser.h"

/* The variable of this name has this value. */
void no_proxy_parse(struct parser *parser, const char *name, const char *list);

#endif
