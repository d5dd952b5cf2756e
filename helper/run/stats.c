#include "stats.h"
#include "sum.h"
#include "../common/usage.h"

#include <ptunnel/text.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[PATH_MAX], path[PATH_MAX + 8];

static bool make_folder(void)
{
    const char *place = getenv("XDG_RUNTIME_DIR");

    if (!place || place[0] != '/' || access(place, W_OK) < 0)
        place = getenv("TMPDIR");
    if (!place || place[0] != '/')
        place = "/tmp";
    snprintf(folder, sizeof folder, "%s/ptunnel-stats-XXXXXX", place);
    if (!mkdtemp(folder))
        return false;
    snprintf(path, sizeof path, "%s/log", folder);
    return true;
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

/* What is written here is read by who is at the terminal. */
static void say_sum(int lines)
{
    FILE *log = fopen(path, "re");
    struct sum sum = { 0 };
    char *line = NULL;
    size_t room = 0;
    ssize_t size;

    while (log && (size = getline(&line, &room, log)) > 0) {
        line[size - (line[size - 1] == '\n')] = '\0';
        if (lines)
            fprintf(stderr, "%s\n", line);
        sum_take(&sum, line);
    }
    sum_print(&sum, program_invocation_short_name, stderr);
    sum_free(&sum);
    free(line);
    if (log)
        fclose(log);
}

/* As the command ended: a shell says "Terminated" of whom a signal ended. One core is enough. */
static _Noreturn void end_as(int status)
{
    sigset_t none;

    if (WIFEXITED(status))
        _exit(WEXITSTATUS(status));
    prctl(PR_SET_DUMPABLE, 0);
    signal(WTERMSIG(status), SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    raise(WTERMSIG(status));
    _exit(128 + WTERMSIG(status));
}

/* The shell that waits for us sees what the command does: it stops with it, and goes on with it. */
static void look_after(pid_t command, int lines)
{
    int status;

    while (waitpid(command, &status, WNOHANG | WUNTRACED) == command) {
        if (WIFSTOPPED(status)) {
            raise(SIGSTOP);
            kill(command, SIGCONT);
            continue;
        }
        say_sum(lines);
        remove_folder();
        end_as(status);
    }
}

/* A terminal's signals reach the command by themselves, with the whole process group, and what they do to it we are told as its
 * parent; those that a process sends to us are meant for it. */
static _Noreturn void stay(pid_t command, const sigset_t *caught, int lines)
{
    siginfo_t info;

    for (;;) {
        if (sigwaitinfo(caught, &info) < 0)
            continue;
        if (info.si_signo == SIGCHLD)
            look_after(command, lines);
        else if (info.si_code == SI_USER || info.si_code == SI_QUEUE || info.si_code == SI_TKILL)
            kill(command, info.si_signo);
    }
}

const char *stats_begin(int lines)
{
    const struct sigaction usual = { .sa_handler = SIG_DFL };
    struct sigaction inherited;
    sigset_t caught, before;
    pid_t command;

    if (!make_folder()) {
        usage_complain("--stats: no folder for its log in '%.*s': %s", (int)(strrchr(folder, '/') - folder),
                       folder, strerror(errno));
        return NULL;
    }
    sigfillset(&caught);
    sigdelset(&caught, SIGCONT);
    sigprocmask(SIG_BLOCK, &caught, &before);
    /* Who ignores SIGCHLD is not told of a child's end, see sigaction(2); the command gets back what was inherited. */
    sigaction(SIGCHLD, &usual, &inherited);
    command = fork();
    if (command < 0) {
        usage_complain("--stats: %s", strerror(errno));
        remove_folder();
        return NULL;
    }
    if (command > 0)
        stay(command, &caught, lines);
    sigaction(SIGCHLD, &inherited, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return path;
}
