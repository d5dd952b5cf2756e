/* The log: where a line goes, and that saying it does the program no harm. */
#include "support/child.h"
#include "support/fake_clock.h"
#include "support/folder.h"
#include "support/rows.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What descriptor 2 was at the start, what it is when the line is written (NONE: the same), and whether it
 * gets there. */
static const struct place {
    const char *name;
    enum kind at_start, later;
    bool written;
} places[] = {
    { "a regular file", FILE_KIND, NONE, true },
    { "a pipe", PIPE, NONE, true },
    { "a terminal", PTY, NONE, true },
    { "the null device", NULL_DEVICE, NONE, false },
    { "a socket", SOCKET, NONE, false },
    { "closed", CLOSED, NONE, false },
    { "a pipe that became a socket", PIPE, SOCKET, false },
    { "a pipe that became a file", PIPE, FILE_KIND, false },
    { "a pipe that became another pipe", PIPE, PIPE, false },
    { "a pipe that was closed", PIPE, CLOSED, false },
    { "a terminal that became a pipe", PTY, PIPE, false },
    { "a file that became another file", FILE_KIND, OTHER_FILE, false },
    { "a file that was opened again", FILE_KIND, SAME_FILE, true },
    { "a socket that became a pipe", SOCKET, PIPE, false },
    { "closed, then a file", CLOSED, FILE_KIND, false },
};

static void write_to_place(const void *row)
{
    const struct place *place = row;
    int ends[2] = { -1, -1 };
    char came[256] = "";

    child_stderr(place->at_start, ends);
    log_guard_stderr();
    if (place->later != NONE)
        child_stderr(place->later, ends);
    log_open(&child_net, LOG_FAILURE, NULL, false);
    errno = EXDEV;
    log_print(LOG_FAILURE, "words");
    REQUIRE(errno == EXDEV);
    if (ends[0] >= 0)
        child_came(ends[0], came, sizeof came);
    if (place->at_start == PTY && place->written) /* the terminal turns LF into CRLF */
        REQUIRE(strcmp(came, "ptunnel: words\r\n") == 0);
    else
        REQUIRE(strcmp(came, place->written ? "ptunnel: words\n" : "") == 0);
}

static void where_a_line_goes(void **state)
{
    unlink(folder_path("log"));
    unlink(folder_path("other"));
    child_run(write_to_place, *state);
}

static void write_to_full_pipe(const void *row)
{
    struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
    char came[256];
    int ends[2];

    (void)row;
    child_stderr(FULL_PIPE, ends);
    log_guard_stderr();
    log_open(&child_net, LOG_FAILURE, NULL, false);
    alarm(20); /* a write that waits would wait for ever */
    log_print(LOG_FAILURE, "words");
    REQUIRE(poll(&ready, 1, 0) == 0);
    child_came(ends[0], came, sizeof came);
    REQUIRE(strspn(came, "x") == sizeof came - 1);
}

static void a_full_pipe_loses_the_line(void **state)
{
    (void)state;
    child_run(write_to_full_pipe, NULL);
}

static int always_writable(struct pollfd *fds, nfds_t count, int milliseconds)
{
    (void)count;
    (void)milliseconds;
    fds->revents = POLLOUT;
    return 1;
}

/* The reader goes away between the look and the write. */
static const struct net racing_net = { .poll = always_writable, .write = write, .close = close };

static const struct broken {
    const char *name;
    const struct net *net;
    bool was_pending;
} broken_rows[] = {
    { "seen in time", &child_net, false },
    { "a race lost", &racing_net, false },
    { "a race lost, and the program had one pending", &racing_net, true },
};

static void write_to_broken_pipe(const void *row)
{
    const struct broken *broken = row;
    sigset_t set, now;
    int ends[2];

    child_stderr(BROKEN_PIPE, ends);
    log_guard_stderr();
    log_open(broken->net, LOG_FAILURE, NULL, false);
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    if (broken->was_pending) {
        REQUIRE(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
        raise(SIGPIPE);
    }
    errno = EXDEV;
    log_print(LOG_FAILURE, "words");
    REQUIRE(errno == EXDEV);
    REQUIRE(sigpending(&now) == 0 && sigismember(&now, SIGPIPE) == broken->was_pending);
    REQUIRE(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGPIPE) == broken->was_pending);
}

static void no_sigpipe_reaches_the_program(void **state)
{
    child_run(write_to_broken_pipe, *state);
}

static void write_to_own_socket(const void *row)
{
    char came[256];
    int ends[2];

    (void)row;
    child_stderr(SOCKET, ends);
    log_own_stderr();
    log_open(&child_net, LOG_FAILURE, NULL, false);
    log_print(LOG_FAILURE, "words");
    child_came(ends[0], came, sizeof came);
    REQUIRE(strcmp(came, "ptunnel: words\n") == 0);
}

static void a_program_of_our_own_may_have_a_socket(void **state)
{
    (void)state;
    child_run(write_to_own_socket, NULL);
}

/* What the path is before the first line, and whether the line goes there. */
enum path_kind { FRESH, EXISTING, LINK, MISSING_DIRECTORY, FIFO_WITHOUT_READER, A_DIRECTORY };
static const struct path_row {
    const char *name;
    enum path_kind kind;
    const char *content;
} paths[] = {
    { "a file that is not there", FRESH, "1970-01-01T00:16:40.000Z ptunnel: one\n1970-01-01T00:16:40.000Z ptunnel: two\n" },
    { "a file that is there", EXISTING, "before\n1970-01-01T00:16:40.000Z ptunnel: one\n1970-01-01T00:16:40.000Z ptunnel: two\n" },
    { "a symbolic link is not followed", LINK, "before\n" },
    { "a directory that is not there", MISSING_DIRECTORY, NULL },
    { "a FIFO without a reader does not hold it up", FIFO_WITHOUT_READER, NULL },
    { "a directory", A_DIRECTORY, NULL },
};

static void prepare_path(enum path_kind kind)
{
    int fd = open(folder_path("other"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    REQUIRE(fd >= 0 && write(fd, "before\n", 7) == 7 && close(fd) == 0);
    if (kind == EXISTING)
        REQUIRE(rename(folder_path("other"), folder_path("log")) == 0);
    if (kind == LINK)
        REQUIRE(symlink(folder_path("other"), folder_path("log")) == 0);
    if (kind == FIFO_WITHOUT_READER)
        REQUIRE(mkfifo(folder_path("log"), 0600) == 0);
}

static void check_content(const struct path_row *row)
{
    char content[256];
    int fd = open(folder_path("log"), O_RDONLY);
    struct stat status;

    child_came(fd, content, sizeof content);
    REQUIRE(strcmp(content, row->content) == 0);
    REQUIRE(fstat(fd, &status) == 0 && (status.st_mode & 0777) == 0600);
}

static void write_to_path(const void *row)
{
    const struct path_row *path_row = row;
    char missing[96];
    int lowest, ends[2];

    prepare_path(path_row->kind);
    child_stderr(PIPE, ends);
    log_guard_stderr();
    snprintf(missing, sizeof missing, "%s/no/log", folder);
    umask(0);
    lowest = dup(0);
    close(lowest);
    alarm(20);
    clock_stop();
    log_open(&child_net, LOG_FAILURE,
             path_row->kind == MISSING_DIRECTORY ? missing
             : path_row->kind == A_DIRECTORY     ? folder
                                                 : folder_path("log"),
             false);
    errno = EXDEV;
    log_print(LOG_FAILURE, "one");
    log_print(LOG_FAILURE, "two");
    REQUIRE(errno == EXDEV);
    REQUIRE(dup(0) == lowest); /* none was kept open */
    if (path_row->content)
        check_content(path_row);
    REQUIRE(child_came(ends[0], missing, sizeof missing) == 0); /* nor is descriptor 2 the way out */
}

static void to_a_file(void **state)
{
    unlink(folder_path("log"));
    unlink(folder_path("other"));
    child_run(write_to_path, *state);
}

int main(void)
{
    int failed;

    if (!folder_make())
        return 1;
    ROWS(places, where_a_line_goes);
    STORY(a_full_pipe_loses_the_line);
    ROWS(broken_rows, no_sigpipe_reaches_the_program);
    STORY(a_program_of_our_own_may_have_a_socket);
    ROWS(paths, to_a_file);
    failed = rows_run("log");
    folder_remove();
    return failed;
}
