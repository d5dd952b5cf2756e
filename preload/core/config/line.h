/* A line of rule text and its words. */
#ifndef PTUNNEL_LINE_H
#define PTUNNEL_LINE_H

#include "source.h"

#include <stddef.h>

struct word {
    const char *text;
    size_t size;
    struct place at;
    bool quoted;
};

struct line {
    struct source *source;
    const char *start, *at, *end;
    uint32_t number;
    const char *expected;  /* set when quotes are wrong: what should have stood there */
    const char *broken;    /* and where */
    struct word directive; /* the first word, of a line that directives_parse() read */
};

/* The next line of a text; false at its end. Start with all zero but the source. */
bool line_next(struct line *line);

/* The next word; false at the end of the line, before a comment, and where quotes are wrong. */
bool line_word(struct line *line, struct word *out);

/* Whether it is this keyword; a word in quotes is none. */
bool line_word_is(const struct word *word, const char *keyword);

/* Where the next word would be. */
struct place line_place(const struct line *line);

/* Complains of words that nobody took, and of wrong quotes. */
void line_finish(struct parser *parser, struct line *line);

#endif
