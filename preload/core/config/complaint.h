/* What is said of a wrong configuration: a line each, with the place in front. */
#ifndef PTUNNEL_COMPLAINT_H
#define PTUNNEL_COMPLAINT_H

#include "parser.h"

/* Starts a line with the place; words follow, then complaint_end(), which takes all of it back if it did not
 * fit. From here on the configuration is bad. */
struct text *complaint_start(struct parser *parser, const struct place *place);
void complaint_end(struct parser *parser);

/* A whole line. */
void complaint_say(struct parser *parser, const struct place *place, const char *words);

/* "expected WHAT, not 'WORD'"; instead NULL: "not the end of the line". */
void complaint_expected(struct parser *parser, const struct place *place, const char *what,
                        const struct word *instead);

/* The words alone, for a complaint that goes on. */
void complaint_add_expected(struct text *out, const char *what, const struct word *instead);

#endif
