/* The jobs: each row with one call and one outcome, its script written out. */
#ifndef READINESS_JOBS_H
#define READINESS_JOBS_H

#include "gates.h"
#include "story.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SCRIPT_SIZE = 1024, JOBS_MOST = 4096 };

struct job {
    char name[96], script[SCRIPT_SIZE];
    const struct api *api;
    pid_t pid; /* and process group */
    int out;
    int64_t end;
    struct wish *wish; /* shared with the row */
    int control;       /* the row's line to the targets */
    char *said;
    size_t size;
};

extern struct job jobs[JOBS_MOST];
extern int job_count;

void add_all(void); /* of all rows */

#endif
