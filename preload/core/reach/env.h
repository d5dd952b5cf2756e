/* env(1) on the way to a program, as GNU env does it. */
#ifndef PTUNNEL_ENV_H
#define PTUNNEL_ENV_H

#include "walk.h"

enum reach_env {
    ENV_RUNS,    /* the command that the words are now */
    ENV_PRINTS,  /* the environment, help or a complaint: it starts nothing */
    ENV_UNCLEAR, /* what it runs cannot be told beforehand */
};

/* The words are those of env(1): makes them those of the command that it runs. */
enum reach_env reach_through_env(struct reach_walk *walk);

#endif
