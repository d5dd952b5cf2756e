/* The command line of ptunnel. */
#ifndef PTUNNEL_OPTIONS_H
#define PTUNNEL_OPTIONS_H

#include "specification.h"
#include "../common/shared_options.h"

#include <stdbool.h>
#include <stddef.h>

struct options {
    struct shared_options shared;
    bool direct;         /* -d, --fallback direct */
    const char **listen; /* -l, as given */
    size_t listen_count;
    const char *stdio; /* -W, NULL: not given; .target is its target */
    struct endpoint target;
    int grace;       /* milliseconds */
    int half_close;  /* milliseconds; 0: keep */
    int keepalive;   /* seconds; 0: as the machine has it */
    char **operands; /* specifications, all of them right; ends in NULL */
};

enum { EXIT_OTHER = 1, EXIT_USAGE = 2 };

/* Ends the program after --help and --version, and when something is wrong, with words on standard error. */
struct options options_or_exit(int argc, char **argv);
void options_free(struct options *options);

#endif
