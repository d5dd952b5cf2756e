#include "usage.h"

#include <ptunnel/text.h>

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { CHOICES_MOST = 48, COLUMN = 28, LINE_SIZE = 8192 };

static const struct choice *rows;
static size_t rows_count;
static struct option long_options[CHOICES_MOST + 1];
static char letters[2 * CHOICES_MOST + 2];

void usage_start(const struct choice *choices, size_t count, enum operands operands)
{
    char *letter = letters;
    size_t named = 0;

    rows = choices;
    rows_count = count < CHOICES_MOST ? count : CHOICES_MOST;
    if (operands == OPERANDS_END_OPTIONS)
        *letter++ = '+';
    for (size_t i = 0; i < rows_count; i++) {
        if (rows[i].id <= 255)
            *letter++ = (char)rows[i].id;
        if (rows[i].id <= 255 && rows[i].value)
            *letter++ = ':';
        if (rows[i].name)
            long_options[named++] =
                (struct option){ rows[i].name, rows[i].value ? required_argument : no_argument, NULL, rows[i].id };
    }
    *letter = '\0';
}

int usage_next(int argc, char **argv)
{
    argv[0] = program_invocation_short_name; /* getopt_long() says it in front of its complaints */
    return getopt_long(argc, argv, letters, long_options, NULL);
}

static void print_row(const struct choice *row)
{
    bool letter = row->id <= 255;
    int used = printf("  %c%c%s%s%s%s%s", letter ? '-' : ' ', letter ? row->id : ' ', letter && row->name ? ", " : "",
                      !letter ? "  " : "", row->name ? "--" : "", row->name ? row->name : "", row->value ? " " : "");

    used += printf("%s", row->value ? row->value : "");
    if (used > COLUMN - 2) {
        putchar('\n');
        used = 0;
    }
    printf("%*s%s\n", COLUMN - used, "", row->meaning);
}

void usage_print(const char *head, const char *tail)
{
    fputs(head, stdout);
    for (size_t i = 0; i < rows_count; i++)
        if (rows[i].meaning)
            print_row(&rows[i]);
    fputs(tail, stdout);
}

void usage_complain(const char *words, ...)
{
    char said[LINE_SIZE], escaped[4 * LINE_SIZE];
    struct text line = text_in(escaped, sizeof escaped);
    va_list list;

    va_start(list, words);
    vsnprintf(said, sizeof said, words, list);
    va_end(list);
    text_add_foreign(&line, said, strlen(said), sizeof said);
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, escaped);
}
