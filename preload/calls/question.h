/* Questions that a program asks a resolver itself, by UDP to port 53. With `resolvers answer` those about names that are
 * tunnelled are answered from the map of names, by a datagram of the program's own socket (see letter.h); with
 * `resolvers allow` the first of them is said; all others go where they go. */
#ifndef PTUNNEL_QUESTION_H
#define PTUNNEL_QUESTION_H

#include "../real.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

/* Has a UDP socket of this process been connected to a port 53 that is watched? */
extern _Atomic bool question_connected_ever HIDDEN;

/* After connect(2). Leaves errno alone. */
void question_connected(int fd, const struct sockaddr *address, socklen_t size);

/* True if what is to be sent needs no other answer than the one that it has got: the program is told that it was sent.
 * address NULL: to whom the socket is connected. Leaves errno alone. */
bool question_answered(int fd, const void *bytes, size_t size, const struct sockaddr *address,
                       socklen_t address_size);
bool question_message_answered(int fd, const struct msghdr *message, size_t *size);

/* The first for a socket that is connected. A load and a branch where there is none. */
static inline bool question_any_connected(void)
{
    return __builtin_expect(atomic_load_explicit(&question_connected_ever, memory_order_relaxed), 0);
}

static inline bool question_asked(int fd, const void *bytes, size_t size)
{
    return question_any_connected() && question_answered(fd, bytes, size, NULL, 0);
}

/* How many of the messages, from the first on, were answered: then no more are sent in this call. */
unsigned question_messages_answered(int fd, struct mmsghdr *messages, unsigned count);

/* A process that listens at port 53 is a resolver, and has to ask others. After bind(2). */
void question_bound(int fd, const struct sockaddr *address, socklen_t size);

#endif
