#include "rights.h"

#include "../process/readable.h"

#include <string.h>

enum { CONTROL_MOST = 1 << 20 }; /* the kernel takes far less */

static bool each_of(const struct cmsghdr *control, bool (*visit)(int fd, void *data), void *data)
{
    size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    int fd;

    for (size_t i = 0; i < count; i++) {
        memcpy(&fd, CMSG_DATA(control) + i * sizeof fd, sizeof fd);
        if (!visit(fd, data))
            return false;
    }
    return true;
}

/* Otherwise the kernel says EINVAL to the whole message. */
static bool is_within(const struct cmsghdr *control, const struct msghdr *message)
{
    const char *end = (const char *)message->msg_control + message->msg_controllen;

    return control->cmsg_len >= CMSG_LEN(0) && control->cmsg_len <= (size_t)(end - (const char *)control);
}

bool rights_each(const struct msghdr *message, bool (*visit)(int fd, void *data), void *data)
{
    struct cmsghdr *control = NULL;

    if (message->msg_controllen > 0 && message->msg_controllen <= CONTROL_MOST &&
        readable(message->msg_control, message->msg_controllen))
        control = CMSG_FIRSTHDR(message);
    for (; control && is_within(control, message); control = CMSG_NXTHDR((struct msghdr *)message, control))
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
            !each_of(control, visit, data))
            return false;
    return true;
}
