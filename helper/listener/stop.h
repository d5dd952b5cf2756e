/* SIGTERM and SIGINT: the first ends the listening, and the tunnels have some time to finish; the second ends
 * all. */
#ifndef PTUNNEL_STOP_H
#define PTUNNEL_STOP_H

#include "listener.h"
#include "../relay/loop.h"

struct stop {
    struct watch watch;
    struct listeners *listeners;
    int fd;
    int grace; /* milliseconds */
    struct timer timer;
};

/* The signals are blocked from here on. 0 or a negative errno. */
int stop_start(struct stop *stop, struct listeners *listeners, int grace);
void stop_end(struct stop *stop);

#endif
