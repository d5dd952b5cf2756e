#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As large as this kernel's, which may be larger than ours. */
static struct seccomp_notif *room(void)
{
    static struct seccomp_notif *kept;
    static size_t size = sizeof *kept;
    struct seccomp_notif_sizes sizes;

    if (!kept) {
        if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0 && sizes.seccomp_notif > size)
            size = sizes.seccomp_notif;
        kept = malloc(size);
    }
    if (kept)
        memset(kept, 0, size);
    return kept;
}

int notify_receive(int listener, struct notice *out)
{
    struct seccomp_notif *seen = room();

    if (!seen)
        return -ENOENT;
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, seen) < 0)
        return errno == EINTR ? -ENOENT : -errno;
    *out = (struct notice){ .id = seen->id, .thread = (pid_t)seen->pid, .call = seen->data.nr };
    for (int i = 0; i < 6; i++)
        out->arguments[i] = seen->data.args[i];
    return 0;
}

bool notify_waits(int listener, uint64_t id)
{
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static bool respond(int listener, struct seccomp_notif_resp response)
{
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

bool notify_answer(int listener, uint64_t id, long result)
{
    return respond(listener, (struct seccomp_notif_resp){ .id = id,
                                                          .val = result < 0 ? 0 : result,
                                                          .error = result < 0 ? (int)result : 0 });
}

bool notify_pass(int listener, uint64_t id)
{
    return respond(listener,
                   (struct seccomp_notif_resp){ .id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE });
}

bool notify_put(int listener, uint64_t id, int fd, int number, bool close_on_exec)
{
    struct seccomp_notif_addfd put = {
        .id = id,
        .flags = SECCOMP_ADDFD_FLAG_SETFD,
        .srcfd = (unsigned)fd,
        .newfd = (unsigned)number,
        .newfd_flags = close_on_exec ? O_CLOEXEC : 0,
    };

    return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &put) >= 0;
}
