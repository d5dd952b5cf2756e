/* SIGTERM and SIGINT: the first one closes the listeners and gives the relays `grace` milliseconds to
 * finish; the second one ends everything. */
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

/* Blocks the signals, which signalfd(2) reads. 0 or a negative errno. */
int stop_start(struct stop *stop, struct listeners *listeners, int grace);
void stop_end(struct stop *stop);

#endif
