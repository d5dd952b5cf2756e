/* The tunnel's own socket B takes the place of the program's A, under the number by which the program asks for
 * the result of its connect(): with A's options, flags and registrations in sets of epoll(7). Then nothing of ours
 * is between the program and the proxy.
 *
 * A registration's key is the file and the number that it had when it was registered. So B is given the program's
 * number here, too, for as long as that takes; all numbers that a program may have are kept free for it, by
 * /dev/null under each. */
#ifndef PTUNNEL_TAKEOVER_H
#define PTUNNEL_TAKEOVER_H

#include "gate.h"

enum { TAKEOVER_NUMBERS = 1024 };

/* Puts `*nothing`, /dev/null, under all numbers below TAKEOVER_NUMBERS, or below half of what we may have, that are
 * not open, and then has it under one behind these. Returns where they end. */
int takeover_reserve(int *nothing);

/* `fd` is A; the notice's call is held meanwhile, and still to be answered. False: it cannot be, and the bytes
 * have to be passed on. A process that has another duplicate of A may ask later. */
bool takeover(struct gate *gate, const struct notice *notice, int fd);

#endif
