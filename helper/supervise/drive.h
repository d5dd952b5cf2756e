/* Drives a dial to its end, in a thread: the descriptor may be blocking, and names may be looked up. */
#ifndef PTUNNEL_DRIVE_H
#define PTUNNEL_DRIVE_H

#include <ptunnel/dial.h>

#include <stdatomic.h>
#include <stdbool.h>

/* True if the dial has to be driven so: a step of it may look a name up, and wait for a resolver, or ask
 * ptunnel-agent. */
bool drive_wanted(const struct route *route, const struct dial_limits *limits);

/* 0: the tunnel, or without a proxy the connection, is open; or a positive errno, with the socket as the dial left
 * it. `process` is a pidfd: its end is that of the dial, ECANCELED; -1: nobody's. *given_up likewise. */
int drive(struct dial *dial, int process, const atomic_bool *given_up);

#endif
