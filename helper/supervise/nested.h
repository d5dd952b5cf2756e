/* A question that nobody but our supervisor answers: a connect(2) of no descriptor, to an address that is none. To
 * everybody else it is EBADF. */
#ifndef PTUNNEL_NESTED_H
#define PTUNNEL_NESTED_H

#include "notify.h"

struct supervisor;

enum nested {
    NESTED_NOT,
    NESTED_HERE, /* this process is supervised, by the configuration that stands in the environment that it is executed with */
    NESTED_FIXED, /* with --strict: by the supervisor's own, whatever stands there */
};

enum nested nested_ask(void);

/* In the supervisor: whether that was the question; it has been answered then. */
bool nested_answer(struct supervisor *s, const struct notice *notice);

#endif
