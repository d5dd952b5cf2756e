#ifndef PROXY_OPTIONS_H
#define PROXY_OPTIONS_H

#include "address.h"
#include "script.h"

enum { LISTENERS_MOST = 16 };

struct options {
    struct address listen[LISTENERS_MOST];
    size_t listen_count;
    struct script script;
    const char *log; /* NULL: standard output */
    bool log_headers;
    bool turn_away; /* clients are not served but ended, by `on_accept` */
    enum ending on_accept;
};

/* Ends the program after --help (0) and after an error (2). */
void options_parse(struct options *options, int argc, char **argv);

#endif
