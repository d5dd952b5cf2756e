/* The directives tunnel, direct and reject. */
#ifndef PTUNNEL_RULE_H
#define PTUNNEL_RULE_H

#include "parser.h"

void rule_parse(struct parser *parser, struct line *line, enum verdict verdict);

#endif
