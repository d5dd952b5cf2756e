/* One tunnel that --check asks a proxy for, and whose fault it is if there is none. */
#ifndef PTUNNEL_TRIAL_H
#define PTUNNEL_TRIAL_H

#include "check.h"

enum { TRIAL_PATIENCE = 3000 /* ms: longer is slow, and worth a second question */ };

struct trial {
    struct dial dial;
    struct route route;
    struct dial_limits limits;
    bool brief;        /* give up after TRIAL_PATIENCE, if the proxy answers another question */
    bool asked, alive; /* the second question */
    bool knows_kind;   /* .kind holds what the proxy says of itself */
    char kind[256];
    char words[1024]; /* what happened, a line: "open after 3 ms" */
    char page
        [1024]; /* what stands in the body of a refusal, a line; empty: nothing, or it was not asked for */
};

/* Tries it, and waits: as long as the limits say for the tunnel, and some seconds for the questions. The proxy has
 * addresses. */
enum check_result trial_run(struct trial *trial, struct candidate *candidate, const struct endpoint *target,
                            const struct dial_limits *limits);

/* Of one that does not say what it is when it opens a tunnel: asks for one that it refuses, and fills .kind in if
 * it says so then. */
void trial_ask_kind(struct trial *trial, const struct candidate *candidate);

/* Whether a refusal may be for the port alone. */
bool trial_port_may_matter(const struct trial *trial);

/* Adds the schemes that it offers to a request that says nothing of the user. False: it offers none. */
bool trial_ask_offers(struct trial *trial, const struct candidate *candidate, struct text *out);

#endif
