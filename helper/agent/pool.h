/* Tokens made ahead, for a user who opens many connections: one of them is there at once, where a worker takes a
 * millisecond. Each is for one request, since proxies refuse those that they have seen, and is given only while
 * the ticket that it was made with is in the cache. */
#ifndef PTUNNEL_POOL_H
#define PTUNNEL_POOL_H

#include "ticket_file.h"

#include <stddef.h>

enum {
    POOL_TOKENS = 4,
    POOL_LASTS = 60,     /* s; those of Kerberos are good for five minutes */
    POOL_QUESTIONS = 10, /* so many in POOL_LASTS, and tokens are made ahead */
};

struct pooled {
    char *field; /* "Proxy-Authorization: ...\r\n" */
    size_t size;
    int64_t made_at; /* CLOCK_BOOTTIME's: a sleeping machine's tokens grow old, too */
    struct ticket_file file;
};

struct pool {
    int64_t asked[POOL_QUESTIONS]; /* when, in a ring; 0: not yet */
    unsigned next;
    bool rests; /* the last attempt to make one failed: not again before somebody asks */
    bool never; /* the ticket cache is no file, so nobody could say whether the ticket is still there */
    size_t count;
    struct pooled tokens[POOL_TOKENS]; /* the oldest first */
};

void pool_count_question(struct pool *pool);

bool pool_wants(const struct pool *pool);

/* Takes a copy. */
void pool_add(struct pool *pool, const char *field, size_t size, const struct ticket_file *file);

/* One that is good; the caller wipes and frees it. False: there is none. */
bool pool_take(struct pool *pool, char **field, size_t *size);

void pool_drop_old(struct pool *pool);

void pool_empty(struct pool *pool); /* and wipes them; the next questions are counted from none */

#endif
