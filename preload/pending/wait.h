/* Calls that need a pending descriptor's connection, or its end: they wait for it where the kernel would. */
#ifndef PTUNNEL_WAIT_H
#define PTUNNEL_WAIT_H

#include "step.h"

/* Waits in poll(2) until the dial has ended, `end` (then false) or a signal whose handler interrupts
 * (*interrupted). */
bool pending_wait(int fd, struct entry *entry, struct deadline end, bool *interrupted);

/* Drives the dial to its end, within its own deadline, whatever signals come. For descriptors that leave the
 * process, and for what waits without a hook (stdio). */
void pending_finish(int fd);

/* Before a call that needs the connection: 0, go ahead; or the negative errno that the kernel gives while
 * connecting (-EAGAIN, -EINTR). `wait_option` is SO_SNDTIMEO or SO_RCVTIMEO; flags as for send(2). */
int pending_before(int fd, int wait_option, int flags);

/* After it: an error of the failed tunnel that the kernel played as ECONNREFUSED gets its name, once. Returns
 * result. */
ssize_t pending_after(int fd, ssize_t result);

/* One call on a descriptor, as a hook has it. */
#define WHEN_OPEN(fd, wait_option, flags, call)                                                              \
    (slots_idle() ? (call) : pending_enter(fd, wait_option, flags) ? pending_after(fd, (call)) : -1)
bool pending_enter(int fd, int wait_option, int flags); /* pending_before() with errno set */

/* What the kernel's failed connect() stands for, taken once: the errno to report in place of `said`. */
int pending_error(int fd, int said);

#endif
