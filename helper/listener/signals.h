/* SIGTERM and SIGINT: the first one closes the listeners and gives the relays `grace` milliseconds to
 * finish; the second one ends everything. SIGUSR1 writes down what tunnels there are. */
#ifndef PTUNNEL_SIGNALS_H
#define PTUNNEL_SIGNALS_H

#include "listener.h"
#include "../relay/loop.h"

struct signals {
    struct watch watch;
    struct listeners *listeners;
    int fd;
    int grace; /* milliseconds */
    struct timer timer;
};

/* Blocks the signals, which signalfd(2) reads. 0 or a negative errno. */
int signals_start(struct signals *signals, struct listeners *listeners, int grace);
void signals_end(struct signals *signals);

#endif
