/* What happens to descriptor numbers: the tables follow. All of these leave the tables alone in a vfork(2)
 * child, which borrows our memory but has descriptors of its own. */
#ifndef PTUNNEL_DESCRIPTORS_H
#define PTUNNEL_DESCRIPTORS_H

#include "../sockets/peer.h"
#include "../sockets/slot.h"

static inline bool descriptors_unknown(void)
{
    return slots_empty() && peers_empty();
}

/* Only when something is pending. */
void descriptors_before_close(int fd); /* afterwards another thread may own the number */
void descriptors_before_close_range(unsigned first, unsigned last);

/* `to` is about to become, and has become, a duplicate of `from`. */
void descriptors_before_replace(int from, int to);
void descriptors_duplicated(int from, int to);

/* Another process sent some of them with this message, which the kernel has filled in: their numbers have a new meaning. */
void descriptors_received(const struct msghdr *message);

/* What open tunnels lead to is written down for a child that gets them: those without FD_CLOEXEC; or all, if what it gets
 * is not known. */
void descriptors_before_child(bool all);

/* Before execve(2): the same, and descriptors that the new program inherits are driven to the end of their dials, within
 * those' deadlines. Not in a child that was forked or vforked meanwhile: its parent goes on with the dial. */
void descriptors_before_exec(void);

#endif
