/* Where something of the configuration was said. */
#ifndef PTUNNEL_PLACE_H
#define PTUNNEL_PLACE_H

#include <ptunnel/text.h>

#include <stdint.h>

/* FILE:LINE:COLUMN, or an option or a variable, which have no lines. */
struct place {
    const char *source;    /* as the user knows it, never freed; NULL: nobody said it */
    uint32_t line, column; /* from 1; 0: the source has none */
};

/* "FILE:12:3", "FILE:12" if .column is 0, "-p" if .line is. .source is not NULL; its bytes outside 0x20..0x7e
 * are written as \xHH. */
void place_print(struct text *out, const struct place *place);

#endif
