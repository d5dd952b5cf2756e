/* What kind of socket a descriptor is. A question that the kernel does not answer, as in a sandbox, never means "not
 * ours". */
#ifndef PTUNNEL_KIND_H
#define PTUNNEL_KIND_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether the socket speaks TCP, is not connected, and the first four bytes of the address can be read: one call that
 * changes nothing. False says nothing: a sandbox may refuse the question, and MPTCP does not know it. Changes errno. */
bool kind_is_closed_tcp(int fd, const struct sockaddr *address);

enum kind {
    KIND_TCP,     /* or MPTCP, of IPv4 or IPv6 */
    KIND_OTHER,   /* of IPv4 or IPv6, and certainly not TCP: datagrams, raw packets */
    KIND_FOREIGN, /* of another family, or no socket at all: the kernel words the error */
    KIND_UNKNOWN, /* it does not tell */
};

/* What the socket says of itself. Changes errno. */
enum kind kind_of(int fd);

#endif
