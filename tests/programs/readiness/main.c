/* readiness [OPTION]... PORTS [GLOB]... : what a program can see of a connect() that takes its time.
 *
 * Prints a transcript: for each row of the tables at the end (or those that a glob names) its steps, one a
 * line, with what they returned. The same rows are run natively and through a proxy, and the transcripts are
 * compared line by line.
 *
 *   -n   native, that is without a proxy   -6   AF_INET6   -a   AF_INET6 to a mapped address   -m   MPTCP
 *   -l   list the rows   -j N   so many at a time   -b BYTES   what the proxy's shortest good reply has
 *
 * readiness -s : the targets. Prints PORTS (NAME=PORT,...; on 127.0.0.1 and ::1) and serves until it is
 * killed: echo, until a piece begins with "bye" (closes) or "rst" (resets); `greet` says "hi" first, `reset`
 * resets at once, `never` has a full backlog and takes nobody, `refuse` does not listen.
 *
 * What is slow waits for the row, not for the clock: `slow`, `slowgreet` and `slowrefuse` are ports of the
 * row's own, made by the targets and shut (a full backlog: the kernel drops the SYN and repeats it each
 * second) until the row says "open"; then there is room, or nobody listens any more. Through the proxy it is
 * the proxy that knocks there, and answers when it has an answer. So nothing can come before "open", however
 * slow the machine is, and all else is a wait for an event, with a limit that only a hang reaches. What has
 * to happen while a row sleeps in a call ("signal", "later", "rescue") is done by the process that runs the
 * rows, as soon as the kernel says that the row sleeps.
 *
 * A row is a list of steps, "verb arguments; ...". In rows that are run for several outcomes @ is the
 * outcome, % the waits that fit it (%-copy: of "wait-copy"), and ~ a wait for an answer that comes without
 * being let in. Time is printed only where it is the question: whether a wait kept its time-out, by the clock
 * less what the machine kept the thread from running; and whether a call slept ("waited") or not ("at once"),
 * as the kernel counts it. */
#include "jobs.h"
#include "look.h"
#include "processes.h"
#include "run.h"
#include "story.h"
#include "targets.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct options options = { .family = AF_INET, .jobs = 100, .reply = 1 };

static bool is_wanted(const char *name, char **globs)
{
    if (!*globs)
        return true;
    for (; *globs; globs++)
        if (fnmatch(*globs, name, 0) == 0)
            return true;
    return false;
}

static int run_wanted(char **globs, bool list)
{
    static int wanted[JOBS_MOST];
    int count = 0;

    add_all();
    for (int i = 0; i < job_count; i++)
        if (is_wanted(jobs[i].name, globs))
            wanted[count++] = i;
    for (int i = 0; list && i < count; i++)
        printf("%s\n  %s\n", jobs[wanted[i]].name, jobs[wanted[i]].script);
    if (list || count == 0)
        return count == 0;
    run_all(wanted, count);
    for (int i = 0; i < count; i++) {
        printf("%s\n", jobs[wanted[i]].name);
        fwrite(jobs[wanted[i]].said, 1, jobs[wanted[i]].size, stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    bool list = false;
    int option;

    while ((option = getopt(argc, argv, "+n6amlj:b:x:s")) != -1)
        switch (option) {
        case 's':
            serve_all();
        case 'x':
            return after_exec(atoi(optarg));
        case 'n':
            options.native = true;
            break;
        case 'a':
            options.mapped = true;
            /* fall through */
        case '6':
            options.family = AF_INET6;
            break;
        case 'm':
            options.mptcp = true;
            break;
        case 'l':
            list = true;
            break;
        case 'j':
            options.jobs = atoi(optarg);
            break;
        case 'b':
            options.reply = atoi(optarg);
            break;
        default:
            return 2;
        }
    if (optind < argc)
        options.ports = argv[optind++];
    return run_wanted(argv + optind, list);
}
