/* What is slow: gates, ports of the row's own, made by the targets and shut until the row says "open". A row
 * asks for them on a line to the targets. */
#ifndef READINESS_GATES_H
#define READINESS_GATES_H

#include "story.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

/* By outcome: what comes of it, and from where on its ports are (free_port() of the tests takes none below
 * 15000), which is how the proxy knows them. */
struct gate {
    const char *outcome;
    char role;
    int base;
};
enum { GATES = 4, GATE_PORTS = 1000 };
extern const struct gate gates[GATES];

/* What a row asks: a gate, or that its gates be opened. The answer is an int: the port, or 0. */
struct request {
    char verb; /* m: make, o: open */
    char gate; /* its number */
    bool six;
};

/* Where rows ask: a name that goes with the port of `accept`. */
socklen_t control_address(int port, struct sockaddr_un *out);

/* A line to the targets, for one row. */
int control_line(void);
int ask_targets(int line, char verb, int gate);
extern int line_to_targets; /* the row's */

/* Where the outcome is to be had; of the row's own gates it gets another each time. */
int target_port(struct story *story, const char *outcome);

/* What a row wants done while it sleeps: letters, in order, each at another look. */
struct wish {
    _Atomic bool open;
    char acts[4];  /* s: signal, o: open, r: open once it sleeps deeply */
    int64_t since; /* when the runner first saw it asleep, 0: awake */
};

extern struct wish *wish; /* the row's */
extern char asked_for[4]; /* its acts, until the next step that may sleep */

/* What a former step asked for is for the runner to do from here, where the next call may sleep. */
void post_wish(void);

#endif
