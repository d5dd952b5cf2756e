/* The directives proxy, credentials and header. */
#ifndef PTUNNEL_PROXIES_H
#define PTUNNEL_PROXIES_H

#include "parser.h"

void proxies_parse(struct parser *parser, struct line *line);
void proxies_parse_credentials(struct parser *parser, struct line *line);
void proxies_parse_header(struct parser *parser, struct line *line);

/* The default route from a variable, whose value is a list of URLs. */
void proxies_parse_default(struct parser *parser, struct line *line, const struct place *place);

#endif
