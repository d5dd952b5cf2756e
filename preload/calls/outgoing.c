#include "outgoing.h"

#include "../process/readable.h"
#include "../pending/wait.h"
#include "../sockets/peer.h"
#include "../sockets/registration.h"
#include "../sockets/socket.h"
#include "connect.h"
#include "connect_again.h"
#include "rights.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* What the kernel does where it has no TCP Fast Open cookie: it connects, then sends. Apart, so that its
 * claim is not in the frame of every send. */
static __attribute__((noinline)) bool fast_open_refused(int fd, int *flags, const struct sockaddr *address,
                                                        socklen_t size)
{
    struct claim claim;
    int result;

    claim.closed = false;
    if (!claim_connect(&claim, fd, address, size))
        return false;
    claim.at_once = *flags & MSG_DONTWAIT;
    if (!connect_again(fd, address, size, &result, &claim.closed))
        result = connect_claimed(&claim);
    *flags &= ~MSG_FASTOPEN;
    return libc_result(result) < 0;
}

bool outgoing_refused(int fd, int *flags, const struct sockaddr *address, socklen_t size)
{
    if (address && stand_in_unreachable(fd, address, size)) {
        errno = ENETUNREACH;
        return true;
    }
    return (*flags & MSG_FASTOPEN) && fast_open_refused(fd, flags, address, size);
}

struct departure {
    bool waits;  /* sendmsg(2) may */
    bool before; /* something is still being connected */
};

static void drive(int fd, struct departure *departure)
{
    struct entry *entry = pending_find(fd);

    if (entry && departure->waits)
        pending_finish(fd);
    else if (entry)
        pending_step(fd, entry);
    entry = pending_find(fd);
    departure->before |= entry && atomic_load(&entry->state) == ENTRY_PENDING;
}

struct in_set {
    int set;
    struct departure *departure;
};

static void drive_if_in(int fd, struct entry *entry, void *data)
{
    struct in_set *in = data;

    if (atomic_load(&entry->state) == ENTRY_PENDING && registration_exists(in->set, fd))
        drive(fd, in->departure);
}

/* The receiver has no table: a socket that leaves is connected first, and so is what an epoll set that leaves watches. */
static bool let_go(int fd, void *data)
{
    struct departure *departure = data;

    if (!slots_empty()) {
        drive(fd, departure);
        if (registration_is_set(fd))
            slot_each(drive_if_in, &(struct in_set){ fd, departure });
    }
    if (departure->before && !departure->waits)
        return false;
    if (!peers_empty())
        peer_hand_over(fd);
    return true;
}

static bool message_refused(int fd, int *flags, const struct msghdr *message)
{
    struct departure departure = { false, false };

    if ((!slots_empty() || !peers_empty()) && message->msg_controllen > 0) {
        departure.waits = !(*flags & MSG_DONTWAIT) && !slots_empty() && socket_is_blocking(fd);
        if (!rights_each(message, let_go, &departure)) {
            errno = EAGAIN;
            return true;
        }
    }
    return ((*flags & MSG_FASTOPEN) || message->msg_name) &&
           outgoing_refused(fd, flags, message->msg_name, message->msg_namelen);
}

bool outgoing_message_refused(int fd, int *flags, const struct msghdr *message)
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

unsigned outgoing_messages(int fd, int *flags, const struct mmsghdr *messages, unsigned count)
{
    unsigned most = count < IOV_MAX ? count : IOV_MAX; /* the kernel looks at no more */
    int wanted = *flags;

    for (unsigned i = 0; messages && i < most && next_readable(messages, i); i++) {
        if (message_refused(fd, flags, &messages[i].msg_hdr))
            return i;
        if (*flags != wanted) /* the next one would find the socket connected: EISCONN */
            return i + 1;
    }
    return count;
}
