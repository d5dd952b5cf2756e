/* What a row is made of. */
#ifndef READINESS_STEPS_H
#define READINESS_STEPS_H

#include "story.h"

struct verb {
    const char *verb;
    void (*run)(struct story *story, const char *arguments);
};

/* Each ends with one without a name. */
extern const struct verb wait_verbs[], epoll_verbs[], connection_verbs[], descriptor_verbs[], byte_verbs[],
    signal_verbs[], thread_verbs[], process_verbs[];

/* The steps, one after the other. */
void run_script(struct story *story, const char *script, char separator);

#endif
