/* What becomes of a descriptor, and all that follows for what is known of it. Nobody else spells these out: the table of
 * who is told of which event is in event.c. Of a vfork(2) child's descriptors none of it is true. */
#ifndef PTUNNEL_EVENT_H
#define PTUNNEL_EVENT_H

#include "entry.h"

/* Its number is about to be closed, or to get another meaning (dup2(2)): before the call, for afterwards another thread
 * may own it. */
void event_closing(int fd);

/* `to` has become a duplicate of `from`: after the call. */
void event_duplicated(int from, int to);

/* The kernel gave the number to another socket, and nobody told us. */
void event_recycled(int fd);

/* SCM_RIGHTS brought it: after the call. */
void event_received(int fd);

/* The following end a dial, for all descriptors of this process that are its socket; with the entry's lock. */

/* The tunnel is open: the peers are known, and the program's registrations are its own again. */
void event_opened(struct entry *entry);

/* The kernel plays a failed connect(), which stands for `error` (positive) until somebody was told. */
void event_failed(struct entry *entry, int error);

/* The kernel connects the socket to the target itself; `error` as below. */
void event_direct(struct entry *entry, int error);

/* The socket is the kernel's again, in whatever state: shut down or unconnected. The error
 * is what a thread that waits in connect() says; 0: none. The second: of a socket that is not pending, but may have been
 * an open tunnel, and is unconnected now, or connected without one. */
void event_dissolved(struct entry *entry, int error);
void event_disconnected(int fd);

/* The kernel would not have it connected, since it is already, or to whatever: it is as it was. */
void event_untouched(struct entry *entry, int error);

/* The dial ended in other hands: in another process that shares the socket, or while fd became a duplicate. */
void event_overtaken(int fd, struct entry *entry);

#endif
