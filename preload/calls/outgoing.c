#include "outgoing.h"

#include "../process/readable.h"
#include "../pending/wait.h"
#include "../sockets/peer.h"
#include "../sockets/socket.h"
#include "claim.h"
#include "rights.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

bool outgoing_refused(int fd, int flags, const struct sockaddr *address, socklen_t size)
{
    struct claim claim;

    if (address && stand_in_unreachable(fd, address, size)) {
        errno = ENETUNREACH;
        return true;
    }
    if (!(flags & MSG_FASTOPEN) || !claim_connect(&claim, fd, address, size))
        return false;
    errno = EOPNOTSUPP;
    return true;
}

/* False: its tunnel is still being opened, and the call must not wait for that. */
static bool let_go(int fd, void *waits)
{
    struct entry *entry = slots_empty() ? NULL : pending_find(fd);

    if (entry && atomic_load(&entry->state) == ENTRY_PENDING) {
        if (*(bool *)waits)
            pending_finish(fd);
        else if (!pending_step(fd, entry))
            return false;
    }
    if (!peers_empty())
        peer_hand_over(fd);
    return true;
}

static bool rights_refused(int fd, int flags, const struct msghdr *message)
{
    bool waits = !(flags & MSG_DONTWAIT) && (slots_empty() || socket_is_blocking(fd));

    if (rights_each(message, let_go, &waits))
        return false;
    errno = EAGAIN;
    return true;
}

static bool message_refused(int fd, int flags, const struct msghdr *message)
{
    if ((!slots_empty() || !peers_empty()) && message->msg_controllen > 0 &&
        rights_refused(fd, flags, message))
        return true;
    return ((flags & MSG_FASTOPEN) || message->msg_name) &&
           outgoing_refused(fd, flags, message->msg_name, message->msg_namelen);
}

bool outgoing_message_refused(int fd, int flags, const struct msghdr *message)
{
    return message && readable(message, sizeof *message) && message_refused(fd, flags, message);
}

/* Nearly all lie in the page in which the one before ended. */
static bool next_readable(const struct mmsghdr *messages, unsigned i)
{
    bool known = i > 0 && !readable_crosses_page(&messages[i - 1].msg_len,
                                                 sizeof messages->msg_len + sizeof *messages);

    return known || readable(&messages[i], sizeof *messages);
}

unsigned outgoing_messages(int fd, int flags, const struct mmsghdr *messages, unsigned count)
{
    unsigned most = count < IOV_MAX ? count : IOV_MAX; /* the kernel looks at no more */

    for (unsigned i = 0; messages && i < most && next_readable(messages, i); i++)
        if (message_refused(fd, flags, &messages[i].msg_hdr))
            return i;
    return count;
}
