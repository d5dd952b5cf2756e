#include "mirror.h"
#include "hand.h"
#include "../relay/list.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_OURS = 125 };

/* From the supervisor to the mirror. */
struct report {
    pid_t command;
    bool is_start;
    int status; /* of waitpid(2) */
};

static void send_report(int to, struct report report)
{
    send(to, &report, sizeof report, MSG_NOSIGNAL);
}

/* --- the supervisor --- */

void reaper_prepare(void)
{
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1L);
}

static void reap(struct reaper *reaper)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        if (pid != reaper->command)
            continue;
        reaper->has_ended = !WIFSTOPPED(status);
        send_report(reaper->to, (struct report){ .command = pid, .status = status });
    }
}

static void children_changed(struct watch *watch, uint32_t events)
{
    struct reaper *reaper = owner_of(watch, struct reaper, children);
    struct signalfd_siginfo seen;

    (void)events;
    while (read(reaper->signals, &seen, sizeof seen) > 0)
        ;
    reap(reaper);
}

static void mirror_ended(struct watch *watch, uint32_t events)
{
    struct reaper *reaper = owner_of(watch, struct reaper, mirror);

    (void)events;
    loop_forget(reaper->loop, reaper->to);
    if (!reaper->has_ended)
        kill(reaper->command, SIGKILL);
}

bool reaper_start(struct reaper *reaper, struct loop *loop, int to, pid_t command)
{
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    *reaper = (struct reaper){ .children.ready = children_changed,
                               .mirror.ready = mirror_ended,
                               .loop = loop,
                               .signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK),
                               .to = to,
                               .command = command };
    if (reaper->signals < 0 || loop_watch(loop, reaper->signals, EPOLLIN, &reaper->children) < 0 ||
        loop_watch(loop, to, EPOLLRDHUP, &reaper->mirror) < 0)
        return false;
    send_report(to, (struct report){ .command = command, .is_start = true });
    reap(reaper);
    return true;
}

void reaper_end(struct reaper *reaper)
{
    if (!reaper->has_ended)
        reaper_wait(reaper->to, reaper->command);
}

void reaper_wait(int to, pid_t command)
{
    int status = 0;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WUNTRACED)) > 0 || errno == EINTR) {
        if (pid != command)
            continue;
        send_report(to, (struct report){ .command = pid, .status = status });
        if (!WIFSTOPPED(status))
            return;
    }
}

/* --- the mirror --- */

static _Noreturn void end_as(int status)
{
    const struct rlimit no_core = { 0, 0 };
    sigset_t ends;

    if (WIFEXITED(status))
        _exit(WEXITSTATUS(status));
    setrlimit(RLIMIT_CORE, &no_core);
    signal(WTERMSIG(status), SIG_DFL);
    sigemptyset(&ends);
    sigaddset(&ends, WTERMSIG(status));
    kill(getpid(), WTERMSIG(status));
    sigprocmask(SIG_UNBLOCK, &ends, NULL);
    _exit(128 + WTERMSIG(status));
}

/* What the terminal sends goes to the command, too, which is of the same process group; of the rest, what somebody sent
 * to us. */
static void pass_on(int signals, pid_t command)
{
    struct signalfd_siginfo seen;

    while (read(signals, &seen, sizeof seen) == sizeof seen)
        if (seen.ssi_signo != SIGCHLD && seen.ssi_code <= 0 && command > 0)
            kill(command, (int)seen.ssi_signo);
}

static void take_report(int from, pid_t *command)
{
    struct report report;
    ssize_t got = recv(from, &report, sizeof report, 0);

    if (got < 0 && errno == EINTR)
        return;
    if (got != sizeof report) { /* the supervisor was killed; its children are ours now */
        int status = EXIT_OURS << 8;

        while (*command > 0 && waitpid(*command, &status, 0) < 0 && errno == EINTR)
            ;
        end_as(status);
    }
    *command = report.command;
    if (report.is_start)
        return;
    if (!WIFSTOPPED(report.status))
        end_as(report.status);
    kill(getpid(), SIGSTOP);
    kill(report.command, SIGCONT); /* whoever let us go on meant the command */
}

/* Whoever reads what the command writes is not kept waiting by us. */
static void let_go(int from)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; nothing >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(nothing, fd);
    hand_keep_only(from, -1);
}

_Noreturn void mirror_command(int from)
{
    pid_t command = -1;
    sigset_t all;
    int signals;

    let_go(from);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1L);
    signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    for (;;) {
        struct pollfd fds[] = { { .fd = from, .events = POLLIN }, { .fd = signals, .events = POLLIN } };

        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents)
            take_report(from, &command);
        if (fds[1].revents)
            pass_on(signals, command);
    }
}
