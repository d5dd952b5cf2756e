/* Pending descriptors moved on. There is no thread: a descriptor between connect() and an open tunnel is
 * stepped inside whatever call the program next makes about it, because a program that waits for a connection
 * must make one. */
#ifndef PTUNNEL_STEP_H
#define PTUNNEL_STEP_H

#include "../sockets/slot.h"

#include <sys/types.h>

/* The pending or failed entry of a descriptor, made true first: one that another process or thread ended, or
 * whose number the kernel has given to another socket behind our back, is taken out of the table. */
struct entry *pending_find(int fd);

/* Whether the kernel gave the number to another socket without a call that we saw. What is known of the
 * number is then discarded, unless the caller has a table of descriptors of its own. */
bool pending_was_recycled(int fd, struct entry *entry);

/* Moves the dial on. False: it goes on. True: there is nothing left to wait for; the tunnel is open, or the
 * kernel now plays a failed connect(), and the program's epoll registrations are its own again. */
bool pending_step(int fd, struct entry *entry);

/* The same after a substitute fired, which is one-shot: it is set again unless the dial has ended. */
bool pending_step_fired(int fd, struct entry *entry);

/* With the entry's lock: applies the result of dial_step(). Goes on waiting for what the step wants, or hands
 * the socket over (open, direct or failed). True: the dial has ended. */
bool pending_settle(int fd, struct entry *entry, enum dial_want result);

/* The dial has failed, and its connection is undone. True: it cannot be now, and the entry stays to answer for it. */
bool pending_hold_stuck(int fd, struct entry *entry);

/* From here on the entry outlives the call that made it: the socket is told by its SO_COOKIE. */
void pending_adopt(int fd, struct entry *entry);

/* Steps the dials whose deadline has passed. */
void pending_expire(void);
struct deadline pending_deadline(void); /* the earliest of all; never if none is pending */

/* Wakes a thread that sleeps in epoll_wait(2) on a set in which a dial has its connection made: once for each
 * dial, or, with `again`, each time. */
void pending_ring(bool again);

/* Pending descriptors that an epoll set watches: whether there are any, and a step for each. */
bool pending_in_set(int set);
void pending_step_set(int set);

#endif
