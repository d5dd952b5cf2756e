/* Rule text: a directive a line. */
#ifndef PTUNNEL_DIRECTIVES_H
#define PTUNNEL_DIRECTIVES_H

#include "parser.h"

/* All lines of a text. */
void directives_parse(struct parser *parser, struct source *source);

/* All lines of a rule file, which is kept for config_write(). */
void directives_parse_file(struct parser *parser, struct source *file);

#endif
