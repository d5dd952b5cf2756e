/* Calls that are held until something has come to its end: connect() on a blocking socket, or a question for the
 * result of one. Whoever leaves for a signal's handler is found out when it is answered. */
#ifndef PTUNNEL_WAITERS_H
#define PTUNNEL_WAITERS_H

#include "notify.h"
#include "sockets.h"
#include "../relay/loop.h"

struct supervisor;

struct waiter {
    struct link link;
    struct notice notice;
    uint64_t cookie;       /* of the socket */
    struct deadline until; /* SO_SNDTIMEO */
    int late;              /* what is said then: EINPROGRESS, or EALREADY to who asks again */
};

struct waiters {
    struct timer timer;
    struct link all;
    int listener;
};

void waiters_start(struct waiters *waiters, struct loop *loop, int listener);

/* False: no memory, nobody was put in. fd is the socket, as it is asked for SO_SNDTIMEO. */
bool waiters_add(struct waiters *waiters, const struct notice *notice, uint64_t cookie, int fd, int late);

struct waiter *waiters_find(struct waiters *waiters, uint64_t cookie); /* the next one; NULL: there is none */

/* The next one that waits for the socket, taken out, to be freed; NULL: there is none. */
struct waiter *waiters_take(struct waiters *waiters, uint64_t cookie);

#endif
