/* Open tunnels: which address the program asked for, for getpeername(2), and that the socket is connected,
 * for a connect(2) that comes again. An array by descriptor, of which a record is read whole without a lock. close() leaves a record as it
 * is, so that it costs nothing there: a record is believed only while the kernel says that the socket is
 * connected to the record's proxy, and is the same socket (SO_COOKIE, asked at the first question). Another
 * socket that is connected to the proxy can get the number by connect(2), which replaces the record, by
 * dup(2), which copies one, or by SCM_RIGHTS, which drops it. */
#ifndef PTUNNEL_PEER_H
#define PTUNNEL_PEER_H

#include "../real.h"

#include <ptunnel/endpoint.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct peer {
    struct literal target, proxy; /* target.port 0: no record */
    bool zero_due;                /* the program's connect() has not returned 0 yet */
    bool handed;                  /* written down for other processes: see handed.h */
    bool
        direct; /* no tunnel: the kernel's own connection to .proxy, which is the target, made in the fallback */
    uint64_t cookie; /* SO_COOKIE; 0: not asked yet. With target.port 0: this socket is no tunnel */
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

/* Whether fd, which the kernel says is connected to `now`, may be a tunnel: by the port alone, of all proxies that records
 * name, or that the configuration has where tunnels were handed over to this process. */
bool peer_is_suspect(const struct sockaddr *now, socklen_t size);

/* True if it is one; *out is then its record. A system call if fd has a record, true or not. Otherwise fd became a
 * duplicate behind our back, or came from another process, and gets the record of that: slow, once. */
bool peer_find(int fd, const struct sockaddr *now, socklen_t size, struct peer *out);

/* Another process's tunnels may be among this one's descriptors: at first they may. */
extern _Atomic bool peer_may_come HIDDEN;

void peer_received(int fd); /* SCM_RIGHTS brought it */

/* What leaves the process is written down for who gets it: one descriptor, or all that have no FD_CLOEXEC or, if `all`,
 * all. Nothing is done for others than open tunnels, or twice. */
void peer_hand_over(int fd);
void peer_hand_over_to_child(bool all);

/* True if fd is an open tunnel, or a connection of the fallback. Whether connect() has still to say 0 for the kernel is not
 * known then, which depends on who was first. */
bool peer_is_open(int fd);

/* connect() says 0 now. True, once, if that was still to come. */
bool peer_take_zero(int fd);

#endif
