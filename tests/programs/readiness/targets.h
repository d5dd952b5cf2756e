/* The servers that the rows connect to. */
#ifndef READINESS_TARGETS_H
#define READINESS_TARGETS_H

/* readiness -s: prints PORTS and serves until it is killed. */
_Noreturn void serve_all(void);

#endif
