/* What is said to a proxy, request by request: which scheme, and what it means when the proxy refuses. Without
 * I/O: it is given questions and what workers did, and has answers and jobs. */
#ifndef PTUNNEL_EXCHANGE_H
#define PTUNNEL_EXCHANGE_H

#include "known.h"
#include "question.h"
#include "worker.h"

enum {
    TRIAL_LASTS = 10000, /* ms that others wait for a password to be proven, if nobody says how it ended */
    TRIAL_WAIT = 50,     /* ms after which they ask again */
};

struct exchange {
    struct exchange *next;
    uint64_t id;
    struct known *known;
    int64_t used_at; /* deadline_now()'s time */
    unsigned leg;    /* the last that was asked for */
    enum scheme scheme;
    bool sent;       /* the last request had a field of this scheme */
    bool goes_on;    /* GSS-API expects a token of the proxy */
    bool old_nonce;  /* that field was made with a nonce of before, which the proxy may have forgotten */
    bool working;    /* a worker has its job, or it waits for one */
    bool told;       /* it is for a `know`, and the field is nobody's */
    bool ahead;      /* it makes tokens that nobody has asked for yet */
    bool pooled;     /* the last field was such a one */
    unsigned failed; /* a bit for each scheme that the proxy refused without having seen the password */
    char target[ENDPOINT_TEXT_SIZE];
    char *nonce; /* Digest's challenge; NULL: none yet */
    uint32_t count;
    char *answer; /* to the last leg; NULL: there is none yet */
    size_t answer_size;
    void *worker; /* that has its context; NULL: none */
};

enum exchange_next {
    EXCHANGE_ANSWER, /* it is in .answer */
    EXCHANGE_WORK,   /* the job is to be done, and .working is set */
    EXCHANGE_BUSY,   /* its job is not done yet */
    EXCHANGE_LATER,  /* `later TRIAL_WAIT`, which is not kept */
};

/* A question for a leg; a leg that was asked for before has the answer that it had. */
enum exchange_next exchange_ask(struct exchange *exchange, const struct question *question, struct job *job);

/* For `know`: whether there will be an answer. */
enum exchange_next exchange_try(struct exchange *exchange, struct job *job);

/* A token for the pool of the account: the job is to be done. */
void exchange_make_ahead(struct exchange *exchange, struct job *job);

/* What a worker made; there is an answer now. */
void exchange_done(struct exchange *exchange, const struct result *result);

/* The worker is gone. */
void exchange_lose(struct exchange *exchange, const char *why);

/* How the request ended. */
void exchange_ended(struct exchange *exchange, const char *word);

#endif
