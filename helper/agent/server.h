/* Who asks: one question on each connection, answered at once, or when a worker has the answer, or with `later`
 * if that takes too long. Whoever told of a proxy may stay connected: the agent then stays, too. */
#ifndef PTUNNEL_SERVER_H
#define PTUNNEL_SERVER_H

#include "../relay/loop.h"

/* Serves the listening socket. 0 or a negative errno. */
int server_start(struct loop *loop, int listener);

/* When somebody last asked, deadline_now()'s time, and how many stay connected. */
int64_t server_asked_at(void);
unsigned server_users(void);

#endif
