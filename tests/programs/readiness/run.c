#include "run.h"
#include "addresses.h"
#include "gates.h"
#include "jobs.h"
#include "look.h"
#include "signals.h"
#include "steps.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROW_SECONDS = 150 };

static _Noreturn void run_job(const struct job *job, int out)
{
    struct story story = { .api = job->api, .said = -1, .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP };

    setpgid(0, 0);
    dup2(out, 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    wish = job->wish;
    line_to_targets = job->control;
    handle(SIGPIPE, count_pipe, SA_RESTART);
    story.set = epoll_create1(EPOLL_CLOEXEC);
    story.second = epoll_create1(EPOLL_CLOEXEC);
    story.outer = epoll_create1(EPOLL_CLOEXEC);
    story.fd = tcp_socket();
    run_script(&story, job->script, ';');
    exit(0);
}

static void start_job(struct job *job)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        fail("pipe");
    job->control = control_line();
    job->pid = fork();
    if (job->pid < 0)
        fail("fork");
    if (job->pid == 0)
        run_job(job, ends[1]);
    setpgid(job->pid, job->pid);
    close(ends[1]);
    job->out = ends[0];
    job->end = now() + ROW_SECONDS * 1000;
}

/* False: it has said all that it will say. */
static bool listen_to(struct job *job)
{
    char bytes[4096];
    ssize_t got = read(job->out, bytes, sizeof bytes);

    if (got <= 0)
        return false;
    job->said = realloc(job->said, job->size + (size_t)got);
    if (!job->said)
        fail("realloc");
    memcpy(job->said + job->size, bytes, (size_t)got);
    job->size += (size_t)got;
    return true;
}

static void end_job(struct job *job)
{
    static const char hangs[] = "  HANGS\n";
    int status;

    if (now() >= job->end) {
        kill(-job->pid, SIGKILL);
        job->said = realloc(job->said, job->size + sizeof hangs);
        memcpy(job->said + job->size, hangs, sizeof hangs - 1);
        job->size += sizeof hangs - 1;
    }
    close(job->out);
    close(job->control);
    waitpid(job->pid, &status, 0);
    if (WIFSIGNALED(status) && now() < job->end)
        fprintf(stderr, "%s: signal %d\n", job->name, WTERMSIG(status));
    job->pid = 0;
}

/* What the row wants done while it sleeps, an act at a look. The wish is struck off first: what is done may
 * wake the row, and then it has the next one. */
static void grant(struct job *job)
{
    struct wish *asked = job->wish;
    char act = asked->acts[0];

    if (!sleeps(job->pid, job->pid)) {
        asked->since = 0;
        return;
    }
    if (!asked->since)
        asked->since = now();
    if (act == 'r' && now() < asked->since + DEEP_SLEEP)
        return;
    asked->since = 0;
    memmove(asked->acts, asked->acts + 1, sizeof asked->acts - 1);
    if (!asked->acts[0])
        atomic_store(&asked->open, false);
    if (act == 's')
        kill(job->pid, SIGALRM);
    else
        ask_targets(job->control, 'o', 0);
}

void run_all(const int *wanted, int count)
{
    int done = 0, next = 0, *running = calloc((size_t)options.jobs, sizeof *running), busy = 0;
    struct pollfd *fds = calloc((size_t)options.jobs, sizeof *fds);
    struct wish *wishes =
        mmap(NULL, (size_t)count * sizeof *wishes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (wishes == MAP_FAILED)
        fail("mmap");
    while (done < count) {
        for (; busy < options.jobs && next < count; busy++) {
            jobs[wanted[next]].wish = &wishes[next];
            start_job(&jobs[wanted[next]]);
            running[busy] = wanted[next++];
        }
        for (int i = 0; i < busy; i++)
            fds[i] = (struct pollfd){ .fd = jobs[running[i]].out, .events = POLLIN };
        if (poll(fds, (nfds_t)busy, LOOK) < 0)
            fail("poll");
        for (int i = busy - 1; i >= 0; i--) {
            struct job *job = &jobs[running[i]];

            if (atomic_load(&job->wish->open))
                grant(job);
            if (now() < job->end && (!fds[i].revents || listen_to(job)))
                continue;
            end_job(job);
            running[i] = running[--busy];
            done++;
        }
    }
    free(fds);
    free(running);
}
