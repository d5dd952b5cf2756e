/* The time that the kernel's connect(2) to a proxy may take, kept by the kernel itself (TCP_USER_TIMEOUT, tcp(7)):
 * it ends a connect() that waits, and it wakes a thread that was asleep in epoll_wait(2) before there was anything to
 * wait for. The program's own value is put back as soon as the connection is made or given up; meanwhile it stands in
 * the entry, for getsockopt(2) and setsockopt(2). */
#ifndef PTUNNEL_BOUND_H
#define PTUNNEL_BOUND_H

#include "entry.h"

/* Under the entry's lock, before connect(2). Nothing is done for a deadline that never comes. Linux counts from the
 * first SYN, and ends it at one of its repetitions: in a second at the least. */
void bound_put(struct entry *entry, int fd, struct deadline end);

/* Under the lock. Nothing is done if there is none. Changes errno. */
void bound_take_back(struct entry *entry, int fd);

/* Some socket of this process refused the option, as MPTCP sockets do. A wait for such a one must end now and
 * then, to look at the deadline. */
extern _Atomic bool bound_refused HIDDEN;

#endif
