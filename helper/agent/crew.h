/* The workers: who does which job. One job of an account at a time, so that a Kerberos server that keeps silent
 * holds one worker and no more; contexts stay with their worker. */
#ifndef PTUNNEL_CREW_H
#define PTUNNEL_CREW_H

#include "../relay/loop.h"
#include "exchange.h"

enum { WORKERS_MOST = 16 };

/* `done` is called for each exchange that has an answer now. */
void crew_start(struct loop *loop, void (*done)(struct exchange *exchange));

/* Takes a copy. False: there is no memory; the exchange is told. */
bool crew_give(struct exchange *exchange, const struct job *job);

/* Nobody waits for a worker, and none works. */
bool crew_is_idle(void);

/* Its context is of no use any more. */
void crew_forget(struct exchange *exchange);

/* Ends workers that have nothing to do, but for one. */
void crew_rest(void);

void crew_end(void);

#endif
