#include "usage.h"

#include <ptunnel/text.h>

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { CHOICES_MOST = 48, COLUMN = 28, LINE_SIZE = 8192 };

static const struct choice *rows[CHOICES_MOST];
static size_t rows_count;
static struct option long_options[CHOICES_MOST + 1];
static char letters[2 * CHOICES_MOST + 2], *letter = letters;

void usage_start(enum operands operands)
{
    if (operands == OPERANDS_END_OPTIONS)
        *letter++ = '+';
}

static bool may_be_left(const struct choice *row)
{
    return row->value && row->value[0] == '=';
}

void usage_add(const struct choice *row)
{
    if (rows_count == CHOICES_MOST)
        return;
    if (row->id <= 255)
        *letter++ = (char)row->id;
    if (row->id <= 255 && row->value)
        *letter++ = ':';
    long_options[rows_count] = (struct option){ row->name,
                                                !row->value        ? no_argument
                                                : may_be_left(row) ? optional_argument
                                                                   : required_argument,
                                                NULL, row->id };
    rows[rows_count++] = row;
}

int usage_next(int argc, char **argv)
{
    argv[0] = program_invocation_short_name; /* getopt_long() says it in front of its complaints */
    return getopt_long(argc, argv, letters, long_options, NULL);
}

static void print_row(const struct choice *row)
{
    bool has_letter = row->id <= 255;
    const char *before = !row->value ? "" : may_be_left(row) ? "[" : " ";
    int used = printf("  %c%c%s --%s%s%s%s", has_letter ? '-' : ' ', has_letter ? row->id : ' ',
                      has_letter ? "," : " ", row->name, before, row->value ? row->value : "",
                      may_be_left(row) ? "]" : "");

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
        print_row(rows[i]);
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
