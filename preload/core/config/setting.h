/* The directives of which one counts: default, names, timeout and so on. */
#ifndef PTUNNEL_SETTING_H
#define PTUNNEL_SETTING_H

#include "parser.h"

void setting_start(struct parser *parser); /* to what holds if nothing is said */
void setting_parse(struct parser *parser, struct line *line, enum config_setting setting);

#endif
