#ifndef PROXY_REPLY_H
#define PROXY_REPLY_H

#include "script.h"

/* What is said in the end. Everything about its form is in the behaviour. */
struct answer {
    int status;
    const char *reason; /* NULL: the usual one */
    const char *field;  /* one header field more, or NULL */
};

void reply_interims(struct bytes *out, const struct behaviour *behaviour);
/* A whole head; without its empty line if the behaviour is `endless`. */
void reply_head(struct bytes *out, const struct behaviour *behaviour, const struct answer *answer);
/* Some more fields of an endless head. */
void reply_filler(struct bytes *out, const struct behaviour *behaviour);

#endif
