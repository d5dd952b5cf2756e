/* probe [-6] [-m] [-M] [-t PORT] [-r] [-l] [ROW...] : all rows, or those whose names begin so.
 *
 *   -6  IPv6     -m  IPv6 sockets and mapped IPv4 addresses     -M  MPTCP     -l  list the rows
 *   -r  there is no route to 203.0.113.7 and 2001:db8::7
 *   -t PORT      of loopback, where connections are to time out: natively they do, a proxy has to say 504
 *
 * Each row runs in a process of its own, several at a time; it writes into memory, for some rows have no
 * descriptor to spare. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 256, AT_ONCE = 16, TIME_LIMIT = 100, SAID_SIZE = 32 * 1024 };
enum { LOOK = 5 }; /* ms between looks at the rows */

struct mode mode = { .family = AF_INET };

static const struct row *const groups[] = { result_rows, address_rows, option_rows, descriptor_rows,
                                            peer_rows,   wait_rows,    signal_rows, thread_rows,
                                            process_rows, call_rows };

/* What the rows said, by row. */
struct said {
    _Atomic int64_t alarm; /* a row wants SIGALRM, at the earliest then; 0: it does not */
    _Atomic size_t size;
    char text[SAID_SIZE];
};
static struct said *all, *mine;
static const struct row *chosen[ROWS];
static pid_t pids[ROWS];
static int count;

static const char *heading = "", *colon = "";

void under(const char *what)
{
    heading = what ? what : "";
    colon = what ? ": " : "";
}

void say(const char *format, ...)
{
    char line[512];
    va_list list;
    size_t size = (size_t)snprintf(line, sizeof line / 2, "%s%s", heading, colon), at;

    va_start(list, format);
    size += (size_t)vsnprintf(line + size, sizeof line / 2 - 1, format, list);
    va_end(list);
    size = size < sizeof line - 1 ? size : sizeof line - 2;
    line[size++] = '\n';
    at = atomic_fetch_add(&mine->size, size);
    if (at + size <= SAID_SIZE)
        memcpy(mine->text + at, line, size);
}

_Noreturn void fail(const char *what)
{
    say("the probe itself failed: %s: %s", what, error_name(errno));
    _exit(1);
}

void in_child(void (*act)(void))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        act();
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        fail("fork");
    if (status)
        say("the child ended with %x", status);
}

static void begin(int number)
{
    pids[number] = fork();
    if (pids[number] != 0)
        return;
    mine = &all[number];
    signal(SIGPIPE, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    chosen[number]->run();
    _exit(0);
}

void alarm_in(int milliseconds)
{
    atomic_store(&mine->alarm, now_ms() + milliseconds);
}

/* The kernel's word: asleep in a call that signals end. */
static bool sleeps(pid_t pid)
{
    char path[32], text[128] = "";
    const char *state;
    int file;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, text, sizeof text - 1) < 0)
        text[0] = 0;
    close(file);
    state = strrchr(text, ')');
    return state && state[1] == ' ' && state[2] == 'S';
}

static void send_alarms(void)
{
    for (int i = 0; i < count; i++) {
        int64_t at = pids[i] > 0 ? atomic_load(&all[i].alarm) : 0;

        if (at == 0 || now_ms() < at || !sleeps(pids[i]))
            continue;
        atomic_store(&all[i].alarm, 0); /* before the row can ask for another */
        kill(pids[i], SIGALRM);
    }
}

static pid_t await_any(int *status)
{
    const struct timespec look = { .tv_nsec = LOOK * 1000000 };
    pid_t pid;

    while ((pid = waitpid(-1, status, WNOHANG)) == 0) {
        send_alarms();
        nanosleep(&look, NULL);
    }
    return pid;
}

static void await_one(void)
{
    int status;
    pid_t pid = await_any(&status);

    for (int i = 0; i < count; i++) {
        if (pids[i] != pid)
            continue;
        pids[i] = 0;
        mine = &all[i];
        if (WIFSIGNALED(status))
            say("ended by signal %d", WTERMSIG(status));
        else if (status != 0)
            say("ended with exit status %d", WEXITSTATUS(status));
    }
}

static void on_alarm(int number)
{
    (void)number;
    for (int i = 0; i < count; i++)
        if (pids[i] > 0)
            kill(pids[i], SIGKILL); /* our own child, not yet waited for: nobody else has its number */
}

static void show(int number)
{
    char *line = all[number].text,
         *end = line + (all[number].size < SAID_SIZE ? all[number].size : SAID_SIZE);

    while (line < end) {
        char *next = memchr(line, '\n', (size_t)(end - line));

        printf("%s: %.*s\n", chosen[number]->name, (int)(next - line), line);
        line = next + 1;
    }
}

static bool is_asked_for(const struct row *row, char **names)
{
    if (!*names)
        return true;
    for (; *names; names++)
        if (strncmp(row->name, *names, strlen(*names)) == 0)
            return true;
    return false;
}

static void choose(char **names)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        for (const struct row *row = groups[i]; row->name && count < ROWS; row++)
            if (is_asked_for(row, names))
                chosen[count++] = row;
}

static bool parse_options(int argc, char **argv)
{
    bool list = false;
    int letter;

    while ((letter = getopt(argc, argv, "6mMt:rl")) != -1)
        switch (letter) {
        case 'm':
            mode.mapped = true; /* fall through */
        case '6':
            mode.family = AF_INET6;
            break;
        case 'M':
            mode.protocol = IPPROTO_MPTCP;
            break;
        case 't':
            mode.timing_out = (uint16_t)atoi(optarg);
            break;
        case 'r':
            mode.no_route = true;
            break;
        case 'l':
            list = true;
            break;
        default:
            exit(2);
        }
    return list;
}

int main(int argc, char **argv)
{
    bool list = parse_options(argc, argv);

    choose(argv + optind);
    for (int i = 0; list && i < count; i++)
        puts(chosen[i]->name);
    if (list)
        return 0;
    all = mmap(NULL, ROWS * sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || count == 0)
        return 2;
    signal(SIGALRM, on_alarm);
    alarm(TIME_LIMIT);
    for (int i = 0; i < count; i++) {
        if (i >= AT_ONCE)
            await_one();
        begin(i);
    }
    for (int i = 0; i < count && i < AT_ONCE; i++)
        await_one();
    for (int i = 0; i < count; i++)
        show(i);
    return 0;
}
