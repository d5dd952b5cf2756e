/* Steps with other processes. */
#ifndef READINESS_PROCESSES_H
#define READINESS_PROCESSES_H

/* readiness -x FD: what the program behind exec does. The descriptor is all that it knows. */
int after_exec(int fd);

#endif
