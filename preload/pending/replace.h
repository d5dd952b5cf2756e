/* Another socket in the place of the program's, under the same number, for the two kinds that cannot reach
 * every proxy: one of IPv4 where the proxy has IPv6 addresses only, and one bound to an IPv6 address where it
 * has IPv4 only.
 *
 * The new one gets the options that can be asked for, the flags, the epoll registrations, and the number of
 * each duplicate that we know; the program is told the old family and address. A socket like the first takes
 * the place again when the tunnel fails, before a direct connection, and when the program connects anew. Not
 * followed: a process that was forked before, a program that is executed with the descriptor; not carried
 * over: TCP_MAXSEG, TCP_WINDOW_CLAMP and filters. */
#ifndef PTUNNEL_REPLACE_H
#define PTUNNEL_REPLACE_H

#include "../sockets/entry.h"

#include <netinet/in.h>

/* What the program's own socket was. */
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
extern _Atomic bool replace_happened HIDDEN;

static inline bool replaced_any(void)
{
    return __builtin_expect(atomic_load_explicit(&replace_happened, memory_order_relaxed), 0);
}

/* For a dial in the table, locked: dial_replace. */
int replace_socket(struct dial *dial, enum dial_socket kind);

/* True if another socket stands in the place of fd's. A system call if it ever happened to that number. */
bool replace_original(int fd, struct original *out);

/* to becomes a duplicate of from. */
void replace_copy(int from, int to);

/* The program is about to connect fd, which is no tunnel: if a socket of ours is left there, one like the
 * first again. */
void replace_undo(int fd);

#endif
