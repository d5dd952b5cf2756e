/* The directives auth, service and agent: routes whose proxies want more than Basic credentials. */
#ifndef PTUNNEL_ACCOUNTS_H
#define PTUNNEL_ACCOUNTS_H

#include "parser.h"

void accounts_parse_auth(struct parser *parser, struct line *line);
void accounts_parse_service(struct parser *parser, struct line *line);
void accounts_parse_agent(struct parser *parser, struct line *line);

/* Gives the proxies of those routes their accounts; their credentials are then no header field. After
 * routes_finish(). */
void accounts_finish(struct parser *parser);

#endif
