#include "steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_SIZE = 512 };

static const struct verb *const verbs[] = { wait_verbs, epoll_verbs,  connection_verbs, descriptor_verbs,
                                            byte_verbs, signal_verbs, thread_verbs,     process_verbs };

static void run_step(struct story *story, const char *step)
{
    size_t size = strcspn(step, " ");
    const char *arguments = step[size] ? step + size + 1 : "";

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        for (const struct verb *verb = verbs[i]; verb->verb; verb++)
            if (strlen(verb->verb) == size && strncmp(verb->verb, step, size) == 0) {
                verb->run(story, arguments);
                return;
            }
    fprintf(stderr, "readiness: no step '%s'\n", step);
    exit(2);
}

void run_script(struct story *story, const char *script, char separator)
{
    const char ends[2] = { separator, 0 };

    while (*script) {
        char step[STEP_SIZE];
        size_t size = strcspn(script, ends);

        snprintf(step, sizeof step, "%.*s", (int)size, script);
        run_step(story, step);
        script += size;
        script += strspn(script, separator == ',' ? ", " : "; ");
    }
}
