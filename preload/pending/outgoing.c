#include "outgoing.h"

#include "lookup.h"
#include "pending.h"
#include "tunnel.h"

#include <errno.h>
#include <string.h>

bool outgoing_refused(int fd, int flags, const struct sockaddr *address, socklen_t size)
{
    struct tunnel tunnel;

    if (address && lookup_unreachable(fd, address, size)) {
        errno = ENETUNREACH;
        return true;
    }
    if (!(flags & MSG_FASTOPEN) || !tunnel_wanted(&tunnel, fd, address, size))
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

bool outgoing_message_refused(int fd, int flags, const struct msghdr *message)
{
    if (!outgoing_concerned(flags, message))
        return false;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control && !table_empty();
         control = CMSG_NXTHDR((struct msghdr *)message, control))
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS)
            finish_rights(control);
    return outgoing_refused(fd, flags, message->msg_name, message->msg_namelen);
}
