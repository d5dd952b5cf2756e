/* What --check, --explain and --show print beside their words where standard output is a terminal: colours, and what is waited
 * for. Elsewhere nothing, so that what is piped is the words alone. */
#ifndef PTUNNEL_TERMINAL_H
#define PTUNNEL_TERMINAL_H

#include <stdbool.h>

enum tint {
    TINT_GOOD,  /* works; tunnelled */
    TINT_BAD,   /* does not work; rejected */
    TINT_OTHER, /* direct, and what to do */
    TINT_TITLE,
    TINT_ASIDE, /* origins of lines */
};

/* "always", "never", or "auto", which is so if nothing is said: on a terminal, unless it is a dumb one (TERM), or NO_COLOR is
 * set and not empty (see no-color.org). False: it is none of these. */
bool terminal_choose(const char *word);

/* The escape sequence (ECMA-48, SGR) that begins a tint, and the one that ends all; or "". */
const char *terminal_tint(enum tint tint);
const char *terminal_plain(void);

/* Shows the words without a line end until terminal_waited(), on a terminal alone. */
__attribute__((format(printf, 1, 2))) void terminal_waiting(const char *words, ...);
void terminal_waited(void);

#endif
