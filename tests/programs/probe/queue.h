/* A connect() that has to wait: the target's queue is full until somebody makes room; then the next SYN, a
 * second after the first, gets in. */
#ifndef PROBE_QUEUE_H
#define PROBE_QUEUE_H

#include "probe.h"

/* The listener whose queue is full, and where it listens; made by before_a_queue(). */
extern int full;
extern struct address slow;

int before_a_queue(void); /* a socket of the kind that is to be connected to `slow` */
void make_room(void);

/* SO_SNDTIMEO and SO_RCVTIMEO. */
void limit(int fd, int name, int milliseconds);
void say_limit(int fd, int name, const char *what);

void say_in_progress(int fd); /* all that can be asked meanwhile */
void say_end(int fd);         /* room is made, and it opens */

#endif
