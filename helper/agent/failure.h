/* Why there is no answer for a proxy: the cause for --check, and words for the log. */
#ifndef PTUNNEL_FAILURE_H
#define PTUNNEL_FAILURE_H

#include <ptunnel/agent.h>

struct failure {
    enum agent_cause cause;
    char words[DIAL_WORDS_SIZE]; /* empty: there is none */
};

__attribute__((format(printf, 3, 4))) void failure_set(struct failure *failure, enum agent_cause cause,
                                                       const char *words, ...);

#endif
