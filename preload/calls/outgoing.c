#include "outgoing.h"

#include "../process/readable.h"
#include "../pending/wait.h"
#include "claim.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum { CONTROL_MOST = 1 << 20 }; /* the kernel takes far less */

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

static void finish_rights(const struct cmsghdr *control)
{
    size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    int fd;

    for (size_t i = 0; i < count; i++) {
        memcpy(&fd, CMSG_DATA(control) + i * sizeof fd, sizeof fd);
        pending_finish(fd);
    }
}

/* Otherwise the kernel says EINVAL to the whole message. */
static bool is_within(const struct cmsghdr *control, const struct msghdr *message)
{
    const char *end = (const char *)message->msg_control + message->msg_controllen;

    return control->cmsg_len >= CMSG_LEN(0) && control->cmsg_len <= (size_t)(end - (const char *)control);
}

static void finish_carried(const struct msghdr *message)
{
    struct cmsghdr *control = NULL;

    if (message->msg_controllen > 0 && message->msg_controllen <= CONTROL_MOST &&
        readable(message->msg_control, message->msg_controllen))
        control = CMSG_FIRSTHDR(message);
    for (; control && is_within(control, message); control = CMSG_NXTHDR((struct msghdr *)message, control))
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS)
            finish_rights(control);
}

static bool message_refused(int fd, int flags, const struct msghdr *message)
{
    if (!slots_empty())
        finish_carried(message);
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
