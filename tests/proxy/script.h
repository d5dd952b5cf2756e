#ifndef PROXY_SCRIPT_H
#define PROXY_SCRIPT_H

#include "bytes.h"

#include <stdbool.h>
#include <stdio.h>

enum { HEADERS_MOST = 16, INTERIMS_MOST = 64 };

enum ending { END_CLOSE, END_RESET, END_HANG };

/* What to do with a request. All zero = connect, and say 200. */
struct behaviour {
    char *pattern;
    char *to;            /* NULL: the authority itself */
    char *authorization; /* the right Proxy-Authorization, NULL: none is asked for */
    unsigned delay_ms;
    int status;   /* 0: 200 */
    char *reason; /* NULL: the usual one */
    struct bytes headers[HEADERS_MOST];
    size_t header_count;
    int interims[INTERIMS_MOST];
    size_t interim_count;
    struct bytes raw; /* data is NULL: a generated reply */
    size_t chunk;     /* 0: all at once */
    unsigned chunk_ms;
    size_t cut;
    size_t pad;
    enum ending ending;
    bool cuts, silent, http10, lf, no_reason, plain_errors, join, endless, keep, relay, hold;
};

struct script {
    struct behaviour *rules;
    size_t count;
};

extern const char *const ending_names[];

/* Both print an error that begins with the place and exit with 2. */
void script_add(struct script *script, const char *place, const char *pattern, const char *actions);
void script_read(struct script *script, const char *path);

const struct behaviour *script_match(const struct script *script, const char *authority);
bool ending_parse(enum ending *out, const char *word);
void script_help(FILE *out);
void script_free(struct script *script);

#endif
