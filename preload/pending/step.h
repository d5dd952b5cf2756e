/* Pending descriptors moved on. There is no thread: a descriptor between connect() and an open tunnel is
 * stepped inside whatever call the program next makes about it, because a program that waits for a connection
 * must make one. */
#ifndef PTUNNEL_STEP_H
#define PTUNNEL_STEP_H

#include "../sockets/entry.h"

#include <sys/types.h>

/* The pending or failed entry of a descriptor, made true first: one that another process or thread ended, or
 * whose number the kernel has given to another socket behind our back, is taken out of the table. */
struct entry *pending_find(int fd);

/* The kernel gave the number to another socket, and nobody told us; then what we know of it has to be
 * discarded. */
bool pending_is_recycled(int fd, const struct entry *entry);
void pending_discard(int fd);

/* Moves the dial on. False: it goes on. True: there is nothing left to wait for; the tunnel is open, or the
 * kernel now plays a failed connect(), and the program's epoll registrations are its own again. */
bool pending_step(int fd, struct entry *entry);

/* The same after a substitute fired, which is one-shot: it is set again unless the dial has ended. */
bool pending_step_fired(int fd, struct entry *entry);

/* The same in parts, for whoever holds the entry's lock. Settle: what a step said becomes true for the
 * program. True: it ended. */
bool pending_settle(int fd, struct entry *entry, enum dial_want result);

/* From here on the entry outlives the call that made it: the socket is told by its SO_COOKIE. */
void pending_adopt(int fd, struct entry *entry);

/* The program's own registrations again, of all descriptors that are the entry's socket. */
void pending_restore(int fd, struct entry *entry);

/* Steps the dials whose deadline has passed. */
void pending_expire(void);
struct deadline pending_deadline(void); /* the earliest of all; never if none is pending */

/* Pending descriptors that an epoll set watches: whether there are any, and a step for each. */
bool pending_in_set(int set);
void pending_step_set(int set);

/* Waits in poll(2) until the dial has ended, `end` (then false) or a signal whose handler interrupts
 * (*interrupted). */
bool pending_wait(int fd, struct entry *entry, struct deadline end, bool *interrupted);

/* Drives the dial to its end, within its own deadline, whatever signals come. For descriptors that leave the
 * process, and for programs whose waits pass us by. */
void pending_finish(int fd);

/* A step for a call that asks and never waits. False: not yet. A program that asks again and again without
 * having been seen to wait does so by a way that passes us by, and is told by the kernel that the socket is
 * ready: for it the dial is driven to its end. */
bool pending_ask(int fd, struct entry *entry);

/* Before a call that needs the connection: 0, go ahead; or the negative errno that the kernel gives while
 * connecting (-EAGAIN, -EINTR). `wait_option` is SO_SNDTIMEO or SO_RCVTIMEO; flags as for send(2). */
int pending_before(int fd, int wait_option, int flags);

/* After it: an error of the failed tunnel that the kernel played as ECONNREFUSED gets its name, once. Returns
 * result. */
ssize_t pending_after(int fd, ssize_t result);

/* One call on a descriptor, as a hook has it. */
#define WHEN_OPEN(fd, wait_option, flags, call)                                                              \
    (table_idle() ? (call) : pending_enter(fd, wait_option, flags) ? pending_after(fd, (call)) : -1)
bool pending_enter(int fd, int wait_option, int flags); /* pending_before() with errno set */

/* What the kernel's failed connect() stands for, taken once: the errno to report in place of `said`. */
int pending_error(int fd, int said);

/* The program's own connect(AF_UNSPEC): nothing of a former connection stays. */
void pending_forget(int fd);

/* Before close(), or another meaning for the number. */
void pending_close(int fd);

/* shutdown(2) while connecting cancels, as natively. True if it was done; the answer is then 0. */
bool pending_cancel(int fd);

#endif
