/* What the program's own socket was, where another one stands in its place (see pending/replace.h): by
 * descriptor, believed while SO_COOKIE says that it still is the socket which was put there. */
#ifndef PTUNNEL_ORIGINAL_H
#define PTUNNEL_ORIGINAL_H

#include "../real.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct original {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name; /* the address that it was bound to, and port, or the unspecified */
    socklen_t size;
    bool v6only; /* IPV6_V6ONLY */
};

/* Has it happened in this process? Most hooks need no further question. */
extern _Atomic bool original_ever HIDDEN;

static inline bool original_any(void)
{
    return __builtin_expect(atomic_load_explicit(&original_ever, memory_order_relaxed), 0);
}

/* True if another socket stands in the place of fd's. A system call if it ever happened to that number. */
bool original_of(int fd, struct original *out);

/* The socket with this SO_COOKIE is about to get, or has got, the number; original NULL: it is the program's
 * own. */
void original_remember(int fd, uint64_t cookie, const struct original *original);

void original_copy(int from, int to); /* `to` becomes a duplicate of `from` */

#endif
