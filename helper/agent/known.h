/* The proxies that the agent was told of, and what it has learnt about each: it answers for no other, or it
 * would be an oracle for the password. Passwords are here and nowhere else, and are wiped. */
#ifndef PTUNNEL_KNOWN_H
#define PTUNNEL_KNOWN_H

#include "pool.h"
#include "question.h"
#include "scheme.h"

#include <stdint.h>

enum { NONCE_SIZE = 2048 };

struct known {
    struct known *next;
    char account[ACCOUNT_WORDS_SIZE];
    struct account_words words;
    struct schemes schemes;
    char
        service[sizeof((struct account_words *)0)->service]; /* HTTP@ the proxy's name, unless it was given */
    char password[PROXY_USER_MAX + 1];
    char ccache[CCACHE_SIZE]; /* $KRB5CCNAME of whoever told us; "": Kerberos's own choice */

    enum scheme worked; /* the proxy offered it before: it is said at once */
    bool refused;       /* the proxy did not accept the password: accounts lock, so it is not tried again */
    bool proven;        /* it did */
    uint64_t trial;     /* the exchange that is just trying the password; 0: none */
    int64_t trial_ends; /* deadline_now()'s time */
    char nonce[NONCE_SIZE]; /* Digest's challenge to go on with */
    uint32_t count;         /* requests made with it */
    char who[128];          /* the name that the ticket stood for when it was first shown; "": not yet */
    unsigned jobs;          /* that a worker has */
    struct pool pool;       /* of tokens by ticket */
    uint64_t ahead;         /* the exchange that makes them; 0: none yet */
};

/* NULL: nobody told of it. */
struct known *known_find(const char *account);

/* Tells of one, anew or again. A password that was refused stays refused. NULL: the words are none. */
struct known *known_tell(const char *account, const char *password, const char *ccache);

/* The proxy refused the password: by whatever scheme, it is not tried again. */
void known_refuse(struct known *known);

/* One for which a token is to be made ahead, if nobody waits; NULL: there is none. */
struct known *known_that_wants_token(void);

void known_drop_old_tokens(void);

void known_forget_all(void); /* wipes them */

#endif
