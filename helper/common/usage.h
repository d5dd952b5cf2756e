/* Command lines: options are rows of a table, from which they are read and --help is printed. */
#ifndef PTUNNEL_USAGE_H
#define PTUNNEL_USAGE_H

struct choice {
    int id;            /* the letter, or a number above 255 for an option without one */
    const char *name;  /* of the long option */
    const char *value; /* NULL: takes none; "=WORD": may be left out */
    const char *meaning;
};

/* Starts a command line. OPERANDS_END_OPTIONS: the first operand is a command, and the words behind it are
 * its own; OPERANDS_ANYWHERE: options may follow operands. */
enum operands { OPERANDS_END_OPTIONS, OPERANDS_ANYWHERE };
void usage_start(enum operands operands);
void usage_add(const struct choice *row); /* in the order of --help */

/* The next option's id, with optarg and optind as getopt_long(3) sets them; -1 at the end; '?' for a wrong
 * one, about which getopt_long has spoken. */
int usage_next(int argc, char **argv);

/* Prints the head, the table, the tail to standard output. */
void usage_print(const char *head, const char *tail);

/* "PROGRAM: WORDS" to standard error, printf(3)'s way, with a line end. It is one line whatever was given:
 * bytes outside 0x20..0x7e are written as \xHH. */
__attribute__((format(printf, 1, 2))) void usage_complain(const char *words, ...);

#endif
