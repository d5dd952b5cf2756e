/* Open tunnels: which address the program asked for, for getpeername(2), and that the socket is connected, for a
 * connect(2) that comes again. A plain array without lock, by descriptor. close() leaves a record as it is, so that it
 * costs nothing there: a record is believed only while the kernel says that the socket is connected to the record's
 * proxy, and the next connect() on that number replaces it. */
#ifndef PTUNNEL_PEERS_H
#define PTUNNEL_PEERS_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct peer {
    struct in6_addr target, proxy; /* IPv4 mapped */
    uint32_t target_scope;
    uint16_t target_port, proxy_port; /* host byte order; target_port 0: no record */
    bool unasked;                     /* the kernel's "0 once" is still to come: the connect() did not block */
};

extern _Atomic int peers_used;

static inline bool peers_empty(void)
{
    return __builtin_expect(atomic_load_explicit(&peers_used, memory_order_relaxed) == 0, 1);
}

void peers_set(int fd, const struct peer *peer);
void peers_forget(int fd);
void peers_copy(int from, int to); /* to becomes a duplicate of from, or has no record if from has none */

bool peers_known(int fd); /* there is a record, true or not */

/* True if fd is an open tunnel; *out is then its record. A system call if there is a record. */
bool peers_get(int fd, struct peer *out);
bool peers_get_unasked(int fd, struct peer *out); /* only one of which that is so */

#endif
