/* What happens to descriptor numbers: the tables follow. All of these leave the tables alone in a vfork(2)
 * child, which borrows our memory but has descriptors of its own. */
#ifndef PTUNNEL_DESCRIPTORS_H
#define PTUNNEL_DESCRIPTORS_H

#include "../sockets/peer.h"
#include "../sockets/entry.h"

static inline bool descriptors_unknown(void)
{
    return table_empty() && peers_empty();
}

/* Only when something is pending. */
void descriptors_before_close(int fd); /* afterwards another thread may own the number */
void descriptors_before_close_range(unsigned first, unsigned last);

/* `to` is about to become, and has become, a duplicate of `from`. */
void descriptors_before_replace(int from, int to);
void descriptors_duplicated(int from, int to);

/* Descriptors that a new program inherits are driven to the end of their dials: it has no table. */
void descriptors_before_exec(void);

#endif
