/* Somebody keeps the time of pending dials: each thread that waits in here does, for all of them. A thread that went to
 * sleep in the kernel before there was one does not. While a connection is being made the kernel itself bounds it (see
 * sockets/bound.h); once it is made the substitute's EPOLLOUT wakes a sleeper, who waits on in here. So when the last
 * one who keeps the time leaves with an event for the program, he rings: an established socket is writable, and a
 * substitute that says EPOLLOUT again wakes the next sleeper. */
#ifndef PTUNNEL_KEEPER_H
#define PTUNNEL_KEEPER_H

void keeper_begin(void); /* this thread waits in slices from now on */
void keeper_end(void);   /* and no longer */

/* Around a wait in the kernel that sees no deadline. */
void keeper_sleep(void);
void keeper_wake(void);

#endif
