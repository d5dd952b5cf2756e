/* Open tunnels: which address the program asked for, for getpeername(2), and that the socket is connected,
 * for a connect(2) that comes again. A plain array without lock, by descriptor. close() leaves a record as it
 * is, so that it costs nothing there: a record is believed only while the kernel says that the socket is
 * connected to the record's proxy, and the next connect() on that number replaces it. */
#ifndef PTUNNEL_PEER_H
#define PTUNNEL_PEER_H

#include "../real.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct peer {
    struct in6_addr target, proxy; /* IPv4 mapped */
    uint32_t target_scope;
    uint16_t target_port, proxy_port; /* host byte order; target_port 0: no record */
    bool zero_due;                    /* the program's connect() has not returned 0 yet */
    bool kernel_zero_due;             /* nor has the kernel's */
};

extern _Atomic int peers_used HIDDEN;

static inline bool peers_empty(void)
{
    return __builtin_expect(atomic_load_explicit(&peers_used, memory_order_relaxed) == 0, 1);
}

void peer_set(int fd, const struct peer *peer);
void peer_forget(int fd);
void peer_copy(int from, int to); /* to becomes a duplicate of from, or has no record if from has none */

bool peer_known(int fd); /* there is a record, true or not */

/* True if fd is an open tunnel; *out is then its record. A system call if there is a record. */
bool peer_get(int fd, struct peer *out);

/* The same for a descriptor that we have not seen become a duplicate of one with a record; it then has one,
 * too. Slow. */
bool peer_adopt(int fd, struct peer *out);

/* True if fd is an open tunnel of which connect() has still to say 0, to the program or for the kernel. (All
 * others say EISCONN by themselves.) */
bool peer_zero_is_due(int fd);

/* connect() says 0 now. True, once, if that was still to come. */
bool peer_take_zero(int fd);

#endif
