#include "supervise.h"
#include "filter.h"
#include "hand.h"
#include "look.h"
#include "mirror.h"
#include "nested.h"
#include "takeover.h"
#include "possible.h"
#include "serve.h"
#include "space.h"
#include "../common/libc_net.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static const char gone[] = "the supervisor could not be started";

/* In the caller, the supervisor reads it to see whether it may. */
static const int word = 0x70747574;

/* --- the supervisor --- */

/* Nothing of the command's is kept but standard error, for the log. */
static int let_go(int kept, int other)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    signal(SIGPIPE, SIG_IGN);
    if (chdir("/") < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0)
        return -1;
    hand_keep_only(kept, other);
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* Of descriptors: a connection takes some. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* The command tells the number: with the filter in place it can hand nothing over, since sendmsg(2) is asked about. */
static int take_listener(int parent, pid_t command)
{
    int number;

    return recv(parent, &number, sizeof number, 0) == sizeof number ? look_take(command, number) : -1;
}

/* What the supervisor is to whom. */
struct post {
    int parent; /* the command's end of the start */
    pid_t command;
    int mirror; /* see mirror.h; -1: the command is no child of ours */
};

static _Noreturn void give_up(const struct post *post)
{
    if (post->mirror >= 0)
        reaper_wait(post->mirror, post->command);
    _exit(1);
}

static _Noreturn void be_supervisor(const struct supervised *how, const struct post *post)
{
    struct served served = { .begun = post->parent,
                             .nothing = let_go(post->parent, post->mirror),
                             .maker = SPACE_NONE,
                             .mirror = post->mirror,
                             .first = post->command };
    struct possible found;

    if (how->strict) {
        served.maker = hand_receive(post->parent);
        if (served.maker < 0)
            give_up(post);
    }
    possible_find(&found, post->command, &word);
    if (served.nothing < 0 || send(post->parent, &found, sizeof found, MSG_NOSIGNAL) != sizeof found ||
        possible_wrong(&found))
        give_up(post);
    raise_limit();
    look_forget(); /* numbers that are reserved now */
    served.reserved = how->strict ? 0 : takeover_reserve(&served.nothing);
    served.command = (int)syscall(SYS_pidfd_open, post->command, 0);
    served.listener = take_listener(post->parent, post->command);
    if (served.nothing < 0 || served.command < 0 || served.listener < 0 || !serve(how->config, &served))
        give_up(post);
    _exit(0);
}

/* --- the command --- */

/* A grandchild, whose parent ends at once: the command will wait(2) for no child but its own. */
static bool start_supervisor(const struct supervised *how, const int ends[2])
{
    struct post post = { .parent = ends[1], .command = getpid(), .mirror = -1 };
    pid_t child = fork();

    if (child == 0) {
        if (fork() == 0)
            be_supervisor(how, &post);
        _exit(0);
    }
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return child > 0;
}

/* The supervisor as our parent: three processes out of this one, of which the one that returns becomes the command. */
static bool start_parent(const struct supervised *how, const int ends[2])
{
    struct post post = { .parent = ends[1] };
    int reports[2];
    pid_t supervisor;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, reports) < 0)
        return false;
    supervisor = fork();
    if (supervisor > 0)
        close(reports[1]);
    if (supervisor > 0)
        mirror_command(reports[0]);
    post.mirror = reports[1];
    post.command = supervisor == 0 ? fork() : -1;
    if (supervisor == 0 && post.command > 0) {
        reaper_prepare();
        be_supervisor(how, &post);
    }
    close(reports[0]);
    close(reports[1]);
    if (supervisor == 0 && post.command < 0)
        _exit(1);
    return supervisor == 0;
}

/* Afterwards the supervisor may look into us whatever Yama says: it owns our user namespace. */
static const char *go_into_space(int supervisor)
{
    const char *wrong = space_enter();
    int maker = wrong ? -1 : space_start_maker();

    if (wrong)
        return wrong;
    if (maker < 0)
        return "no more processes can be started";
    wrong = hand_send(supervisor, maker) ? NULL : gone;
    close(maker);
    return wrong;
}

static const char *hand_over_calls(const struct supervised *how, int supervisor)
{
    const char *wrong = how->strict ? go_into_space(supervisor) : NULL;
    struct possible found;
    int listener;
    char byte;

    if (wrong)
        return wrong;
    if (recv(supervisor, &found, sizeof found, 0) != sizeof found)
        return gone;
    wrong = possible_wrong(&found);
    if (wrong)
        return wrong;
    listener = filter_install(how->strict);
    if (listener < 0) {
        found.filter = -listener;
        return possible_wrong(&found);
    }
    wrong = send(supervisor, &listener, sizeof listener, MSG_NOSIGNAL) == sizeof listener &&
                    recv(supervisor, &byte, 1, 0) == 1
                ? NULL
                : gone;
    close(listener);
    return wrong;
}

/* Why we cannot be under the supervisor of an outer ptunnel-run; NULL: we can. */
static const char *wrong_below(enum nested nested, const struct supervised *how)
{
    if (nested == NESTED_FIXED && !how->is_child)
        return "an outer ptunnel-run says --strict, and its rules hold: start the command itself";
    if (nested == NESTED_HERE && how->strict)
        return "an outer ptunnel-run supervises the command already: say --strict there";
    return NULL;
}

const char *supervise_begin(const struct supervised *how)
{
    enum nested nested = nested_ask();
    const char *wrong = gone;
    int ends[2];

    if (nested != NESTED_NOT)
        return wrong_below(nested, how);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return gone;
    log_own_stderr();
    log_open(&libc_net, how->level, how->log, false);
    if (!how->strict && possible_wants_parent() ? start_parent(how, ends) : start_supervisor(how, ends)) {
        close(ends[1]);
        ends[1] = -1;
        wrong = hand_over_calls(how, ends[0]);
    }
    close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    return wrong;
}
