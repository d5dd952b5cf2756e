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
#include "../sockets/original.h"

/* For a dial in the table, locked: dial_replace. */
int replace_socket(struct dial *dial, enum dial_socket kind);

/* The same of a tunnel: if its connection has ended. True: *result is what connect(2) says, which the kernel was asked,
 * EISCONN as long as it takes the socket for a connected one. */
bool replace_ended(int fd, int *result);

/* The program is about to connect fd, which is no tunnel: if a socket of ours is left there, one like the
 * first again. */
void replace_undo(int fd);

#endif
