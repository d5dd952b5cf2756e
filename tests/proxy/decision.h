#ifndef PROXY_DECISION_H
#define PROXY_DECISION_H

#include "record.h"
#include "relay.h"
#include "request.h"
#include "script.h"

enum next { NEXT_RELAY, NEXT_REQUEST, NEXT_END };

/* What is said to a request, and what comes after it. */
struct decision {
    struct bytes reply;
    bool endless; /* the reply goes on with filler */
    enum next next;
    enum ending ending; /* of NEXT_END */
};

/* What is known of a request when it is answered. */
struct question {
    const struct request *request;
    const struct behaviour *rule;
    int refusal; /* the status that the request itself deserves, 0 = none */
    bool authorized;
    int dial_error;
    struct pipe *down; /* what the target has said; with `join` it is taken into the reply */
};

/* Fills `out`, whose old reply is dropped, and logs it. */
void decision_make(struct decision *out, const struct question *question, const struct record *record);

/* Whether the target is to be connected to, if it can be. */
bool decision_opens(const struct behaviour *rule);
/* Whether the request has the Proxy-Authorization that the rule asks for, if it asks for one. */
bool decision_authorized(const struct behaviour *rule, const struct request *request);

#endif
