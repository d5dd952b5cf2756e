/* The supervisor's life: from the listener to the end of the last program below the filter. */
#ifndef PTUNNEL_SERVE_H
#define PTUNNEL_SERVE_H

#include <ptunnel/config.h>

#include <sys/types.h>

struct served {
    int listener; /* of notifications */
    int command;  /* a pidfd of the command's first process: when it has ended, standard error is let go of */
    int nothing; /* /dev/null, and where the numbers end that it stands under: see takeover.h; 0: nothing is taken over */
    int reserved;
    int maker;   /* of sockets in the command's network, see space.h; SPACE_NONE */
    int mirror;  /* see mirror.h; -1: there is none */
    pid_t first; /* the command's first process */
    int begun;   /* a socket that is told a byte when the first call can be served, and then closed */
};

/* Serves the calls that come to the listener, until nobody is left who could make one. False: it could not
 * begin. */
bool serve(const struct config *config, const struct served *served);

#endif
