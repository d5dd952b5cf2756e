/* ptunnel-agent, as ptunnel-run and ptunnel see it: it is started if it is not there, and told of the proxies that
 * have accounts. */
#ifndef PTUNNEL_AGENCY_H
#define PTUNNEL_AGENCY_H

#include <ptunnel/config.h>

#include <stdbool.h>

enum agency {
    AGENCY_FINE,    /* or there are no accounts */
    AGENCY_REFUSES, /* there will be no answer for a proxy: no ticket, a password that was refused ... */
    AGENCY_FAILS,   /* the agent cannot be started, or does not answer */
};

/* What the agent is told, it answers when it is known whether that will do, at most 5 s later; after that it is
 * left to it. What is wrong is said on standard error, unless `quiet`. Passwords are wiped from the
 * configuration. With `stay` the connection is kept open for as long as this process lives: the agent does not
 * end before. */
enum agency agency_tell(const struct config *config, bool stay, bool quiet);

/* What the agent said of the ticket for that proxy: NULL: nothing. */
struct ticket {
    const struct account *account;
    struct ticket *next;
    int64_t ends; /* time(2); 0: nobody knows */
    char service[ENDPOINT_HOST_MAX + 8], who[128];
};
const struct ticket *agency_ticket(const struct account *account);

#endif
