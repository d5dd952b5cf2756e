/* The network of a command under --strict: a namespace of its own, with loopback and no way out, so that it is the
 * kernel that keeps the command in. The supervisor is outside. What it needs inside, to meet the command's
 * sockets, is made for it by the maker: a process in there that makes sockets and does nothing else, and ends when
 * nobody holds the other end of its socket any more. No socket of the outer network ever comes in. */
#ifndef PTUNNEL_SPACE_H
#define PTUNNEL_SPACE_H

#include <stdint.h>

enum { SPACE_NONE = -1 }; /* in place of a maker: the command's network is our own */

/* Moves this process, which must have one thread, into such a network: with the right to (CAP_SYS_ADMIN) as it is, else
 * with a user namespace as well, in which its user and group are what they are, and all others nobody. NULL, or why
 * not, as a phrase, with the process in any of both networks. */
const char *space_enter(void);

/* Starts the maker, no child of ours; the descriptor through which it is asked, or a negative errno. */
int space_start_maker(void);

/* socket(2), over there, closed on exec; a negative errno. */
int space_socket(int maker, int family, int type);

/* SO_NETNS_COOKIE of that network's sockets, of 0: the kernel (before 5.14) does not tell. */
uint64_t space_network(int maker);

#endif
