/* Runs jobs, so many at a time, each in a process of its own. */
#ifndef READINESS_RUN_H
#define READINESS_RUN_H

/* `wanted` are numbers of jobs. Returns when all have ended; what each said is kept in it. */
void run_all(const int *wanted, int count);

#endif
