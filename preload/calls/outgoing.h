/* Calls that would carry something out of our sight: MSG_FASTOPEN past the proxy, a pending descriptor to
 * another process. */
#ifndef PTUNNEL_OUTGOING_H
#define PTUNNEL_OUTGOING_H

#include "../sockets/slot.h"

#include <stdbool.h>
#include <sys/socket.h>

/* True, with errno ENETUNREACH, for a datagram to where none may go. MSG_FASTOPEN to a target that is to be tunnelled is
 * done here: connect(2), after which the flag is taken out of *flags and the program's bytes may be sent; or true, with
 * connect(2)'s errno. */
bool outgoing_refused(int fd, int *flags, const struct sockaddr *address, socklen_t size);

/* The same for a message; before that, descriptors that it carries, and those in an epoll set that it carries, are driven
 * to the end of their dials, or, where sendmsg(2) does not wait, a step: EAGAIN while they are not connected. One that
 * cannot be read is the kernel's to refuse. */
bool outgoing_message_refused(int fd, int *flags, const struct msghdr *message);

/* How many of these messages may go: the first that is refused ends them, as an error ends them in the kernel. 0, with
 * errno as above, if it is the very first. */
unsigned outgoing_messages(int fd, int *flags, const struct mmsghdr *messages, unsigned count);

#endif
