/* What a log says of a command's connections, in sum. */
#ifndef PTUNNEL_SUM_H
#define PTUNNEL_SUM_H

#include <stdint.h>
#include <stdio.h>

struct sum_row {
    char *target, *proxy, *refusal; /* proxy: the last one that was asked; refusal: the last words, or NULL */
    unsigned long tunnels, failed, fallbacks;
    uint64_t sent, received;
};

struct sum {
    struct sum_row *rows; /* in the order of their first line */
    size_t count;
    char **others; /* lines that are no connection: what went past, what was not tunnelled */
    size_t other_count;
};

/* Takes a line of a log in text, as LOG_CONNECTION has them: without its end, and changed. A line that is none, or for which
 * there is no memory, is left out. */
void sum_take(struct sum *sum, char *line);

/* A table, and the other lines behind it. Nothing is printed before it but "NAME: " and the totals. */
void sum_print(const struct sum *sum, const char *name, FILE *out);

void sum_free(struct sum *sum);

#endif
