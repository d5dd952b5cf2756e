#include "possible.h"
#include "filter.h"
#include "look.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
    KERNEL_MAJOR = 5,
    KERNEL_MINOR = 9
}; /* SECCOMP_IOCTL_NOTIF_ADDFD; an end of file when all have gone */

static bool is_new_enough(void)
{
    struct utsname system;
    int major = 0, minor = 0;

    if (uname(&system) < 0 || sscanf(system.release, "%d.%d", &major, &minor) != 2)
        return false;
    return major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR);
}

static int yama_scope(void)
{
    FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
    int scope = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%d", &scope) != 1)
        scope = 0;
    fclose(file);
    return scope;
}

void possible_find(struct possible *out, pid_t process, const int *word)
{
    struct sock_filter filter[FILTER_MOST];
    int seen = 0, fd = look_take(process, STDERR_FILENO);

    *out = (struct possible){ .machine = filter_write(filter, false) ? 0 : ENOSYS,
                              .kernel = is_new_enough() ? 0 : ENOSYS };
    if (fd < 0 && fd != -EBADF)
        out->take = -fd;
    if (fd >= 0)
        close(fd);
    errno = EPERM;
    if (!look_read(process, (uintptr_t)word, &seen, sizeof seen) || seen != *word)
        out->read = errno;
    out->scope = yama_scope();
}

static const char *wrong_rights(const struct possible *found)
{
    if (found->scope == 3)
        return "this machine forbids any process to look into another (kernel.yama.ptrace_scope is 3), which "
               "a "
               "supervisor has to";
    if (found->scope == 2)
        return "this machine lets nobody but root look into a process (kernel.yama.ptrace_scope is 2), which "
               "a "
               "supervisor has to: start ptunnel-run as root, or set it to 0 by sysctl";
    return "the supervisor has no right to look into the command: in a container start that with --cap-add "
           "SYS_PTRACE";
}

static bool may_trace(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };

    return syscall(SYS_capget, &head, sets) == 0 && sets[0].effective & 1U << CAP_SYS_PTRACE;
}

bool possible_parent_helps(int scope, bool may)
{
    return scope == 1 && !may;
}

bool possible_wants_parent(void)
{
    return possible_parent_helps(yama_scope(), may_trace());
}

const char *possible_wrong(const struct possible *found)
{
    if (found->machine)
        return "there is no supervisor for this processor";
    if (found->kernel)
        return "a supervisor needs Linux 5.9";
    if (found->take == ENOSYS || found->read == ENOSYS)
        return "this kernel has no pidfd_getfd(2) or process_vm_readv(2), which a supervisor needs";
    if (found->take || found->read)
        return wrong_rights(found);
    if (found->filter == EBUSY)
        return "it is under another supervisor already: that of the container, or of another program";
    if (found->filter)
        return "this kernel or container lets nobody supervise (seccomp(2) with a listener)";
    return NULL;
}
