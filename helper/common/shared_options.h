/* The options that ptunnel-run and ptunnel share: their rows of --help, and what a command line says with
 * them. */
#ifndef PTUNNEL_SHARED_OPTIONS_H
#define PTUNNEL_SHARED_OPTIONS_H

#include "proxy_options.h"
#include "rule_options.h"
#include "usage.h"

struct shared_options {
    struct proxy_options proxy;
    struct rule_options rules; /* --fallback, --timeout, --attempt, and what the program adds */
    const char *log, *log_format;
    int verbose; /* -1 for -q */
};

struct program {
    const char *head, *tail;  /* of --help */
    const struct choice *own; /* the options that only this program has, and a row of zeros */
    enum operands operands;
    int exit_usage, exit_other;
};

/* Sets usage_next() up for this program's options and the shared ones. */
void shared_options_start(const struct program *program);

/* Takes an option of this table or of rule_options.h; ends the program after --help and --version. False if
 * it is unknown, or its value is wrong; words on standard error have said so. */
bool shared_options_take(struct shared_options *options, int id, char *value);

/* Points to --help on standard error, and ends the program with program->exit_usage. */
_Noreturn void shared_options_fail_usage(void);

/* Whether log_open() could open the log there; if not, with words on standard error. The origin is --log, or
 * a variable, whose path must be absolute. */
bool shared_options_log_writable(const char *origin, const char *path);

/* Sets the log's format by a word of --log-format or, if the origin is a variable, of that. False if it is neither of the
 * two; words on standard error have said so. */
bool shared_options_log_format(const char *origin, const char *word);

/* Whole seconds from `least` to a day (86400); -1, with words on standard error. */
int shared_options_seconds(const char *option, const char *value, int least);

#endif
