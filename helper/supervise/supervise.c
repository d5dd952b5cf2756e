#include "supervise.h"
#include "filter.h"
#include "takeover.h"
#include "possible.h"
#include "serve.h"
#include "../common/libc_net.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static const char gone[] = "the supervisor could not be started";

/* In the caller, the supervisor reads it to see whether it may. */
static const int word = 0x70747574;

static bool send_descriptor(int to, int fd)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof fd)];
    } control = { .head = {
                      .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd) } };
    struct iovec byte = { .iov_base = "", .iov_len = 1 };
    struct msghdr message = {
        .msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };

    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    return sendmsg(to, &message, MSG_NOSIGNAL) == 1;
}

/* -1: the other side has gone. */
static int receive_descriptor(int from)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct iovec bytes = { .iov_base = &byte, .iov_len = 1 };
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    int fd = -1;

    if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message))
        memcpy(&fd, CMSG_DATA(&control.head), sizeof fd);
    return fd;
}

/* --- the supervisor --- */

/* Nothing of the command's is kept but standard error, for the log. */
static int let_go(int kept)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    signal(SIGPIPE, SIG_IGN);
    if (chdir("/") < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0)
        return -1;
    if (kept > STDERR_FILENO + 1)
        syscall(SYS_close_range, STDERR_FILENO + 1, kept - 1, 0);
    syscall(SYS_close_range, kept + 1, UINT_MAX, 0);
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static _Noreturn void be_supervisor(const struct config *config, int parent, pid_t command)
{
    struct possible found;
    struct served served = { .begun = parent, .nothing = let_go(parent) };

    possible_find(&found, command, &word);
    if (served.nothing < 0 || send(parent, &found, sizeof found, MSG_NOSIGNAL) != sizeof found ||
        possible_wrong(&found))
        _exit(1);
    served.reserved = takeover_reserve(&served.nothing);
    served.command = (int)syscall(SYS_pidfd_open, command, 0);
    served.listener = receive_descriptor(parent);
    _exit(served.nothing >= 0 && served.command >= 0 && served.listener >= 0 && serve(config, &served) ? 0
                                                                                                       : 1);
}

/* --- the command --- */

/* A grandchild, whose parent ends at once: the command will wait(2) for no child but its own. */
static bool start_supervisor(const struct config *config, const int ends[2])
{
    pid_t command = getpid(), child = fork();

    if (child == 0) {
        close(ends[0]);
        if (fork() == 0)
            be_supervisor(config, ends[1], command);
        _exit(0);
    }
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return child > 0;
}

static const char *hand_over_calls(int supervisor)
{
    struct possible found;
    const char *wrong;
    int listener;
    char byte;

    if (recv(supervisor, &found, sizeof found, 0) != sizeof found)
        return gone;
    wrong = possible_wrong(&found);
    if (wrong)
        return wrong;
    listener = filter_install();
    if (listener < 0) {
        found.filter = -listener;
        return possible_wrong(&found);
    }
    wrong = send_descriptor(supervisor, listener) && recv(supervisor, &byte, 1, 0) == 1 ? NULL : gone;
    close(listener);
    return wrong;
}

const char *supervise_begin(const struct config *config, enum log_level level, const char *log)
{
    const char *wrong = gone;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return gone;
    log_own_stderr();
    log_open(&libc_net, level, log, false);
    if (start_supervisor(config, ends)) {
        close(ends[1]);
        ends[1] = -1;
        wrong = hand_over_calls(ends[0]);
    }
    close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    return wrong;
}
