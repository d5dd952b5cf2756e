/* What the threads of the stress test do, at random. */
#ifndef STRESS_DEEDS_H
#define STRESS_DEEDS_H

#include "line.h"

#include <pthread.h>

enum { SLOTS = 12, SETS = 2, LONGEST = 20000 /* ms: no dial may take longer */ };

struct actor {
    pthread_t thread;
    unsigned index, random;
    int fds[SLOTS]; /* -1: none */
    struct line *lines[SLOTS];
    int set; /* its own set of epoll(7) */
};

extern atomic_uint deeds_waits, deeds_forks, deeds_children_failed;
extern int deeds_sets[SETS]; /* those that all share */
extern bool deeds_forking;

unsigned deeds_draw(struct actor *actor, unsigned below);
void deeds_one(struct actor *actor); /* one of all, at random */
void deeds_close_all(struct actor *actor);

/* In a signal handler that interrupted the actor: looks at its sockets, and changes nothing. */
void deeds_look(const struct actor *actor);

#endif
