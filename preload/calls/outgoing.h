/* Calls that would carry something out of our sight: MSG_FASTOPEN past the proxy, a pending descriptor to
 * another process. */
#ifndef PTUNNEL_OUTGOING_H
#define PTUNNEL_OUTGOING_H

#include "../sockets/slot.h"

#include <stdbool.h>
#include <sys/socket.h>

/* True, with errno EOPNOTSUPP, for a MSG_FASTOPEN to a target that is to be tunnelled; with ENETUNREACH for a
 * datagram to where none may go. */
bool outgoing_refused(int fd, int flags, const struct sockaddr *address, socklen_t size);

/* The same for a message; before that, descriptors that it carries are driven to the end of their dials. */
bool outgoing_message_refused(int fd, int flags, const struct msghdr *message);

/* Whether the message needs a look at all. */
static inline bool outgoing_concerned(int flags, const struct msghdr *message)
{
    return message && ((flags & MSG_FASTOPEN) || message->msg_name || !slots_empty());
}

#endif
