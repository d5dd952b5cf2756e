/* The log: where a line goes, and that saying it does the program no harm. Each test runs in a child of its
 * own, since the log remembers what descriptor 2 was, and says in shared memory in which line it found fault.
 */
#include "support/rows.h"
#include "support/fake_clock.h"

#include <ptunnel/deadline.h>
#include <ptunnel/errors.h>
#include <ptunnel/log.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct net kernel_net = { .poll = poll, .write = write, .close = close };

static char directory[] = "/tmp/ptunnel-unit-log-XXXXXX";
static char path[64], other_path[64];

static int *fault_line;

#define REQUIRE(claim)                                                                                       \
    do {                                                                                                     \
        if (!(claim)) {                                                                                      \
            *fault_line = __LINE__;                                                                          \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

static void in_child(void (*test)(const void *row), const void *row)
{
    pid_t child = fork();
    int status = -1;

    assert_true(child >= 0);
    if (child == 0) {
        test(row);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        fail_msg("the child was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status))
        fail_msg("the child found fault in line %d", *fault_line);
}

enum kind {
    NONE,
    FILE_KIND,
    SAME_FILE,
    OTHER_FILE,
    PIPE,
    PTY,
    NULL_DEVICE,
    SOCKET,
    CLOSED,
    FULL_PIPE,
    BROKEN_PIPE
};

/* Both ends of what a kind is: [1] is written to, [0] shows what was written. */
static void fill_pipe(int fd)
{
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, "x", 1) == 1)
        ;
    fcntl(fd, F_SETFL, 0);
}

static void make_file(int ends[2], const char *name)
{
    ends[1] = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ends[0] = open(name, O_RDONLY);
}

static void make_pty(int ends[2])
{
    ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(ends[0] >= 0 && grantpt(ends[0]) == 0 && unlockpt(ends[0]) == 0);
    ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
}

static void make(enum kind kind, int ends[2])
{
    switch (kind) {
    case FILE_KIND:
    case SAME_FILE:
        make_file(ends, path);
        break;
    case OTHER_FILE:
        make_file(ends, other_path);
        break;
    case PTY:
        make_pty(ends);
        break;
    case NULL_DEVICE:
        ends[0] = ends[1] = open("/dev/null", O_RDWR);
        break;
    case SOCKET:
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        break;
    default:
        REQUIRE(pipe(ends) == 0);
    }
    REQUIRE(ends[0] >= 0 && ends[1] >= 0);
    if (kind == FULL_PIPE)
        fill_pipe(ends[1]);
    if (kind == BROKEN_PIPE)
        close(ends[0]);
}

static void become_stderr(enum kind kind, int ends[2])
{
    if (kind == CLOSED) {
        close(STDERR_FILENO);
        return;
    }
    make(kind, ends);
    REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[1]);
}

/* What is there to be read now; the writer is this very process, so nothing is waited for. */
static size_t what_came(int fd, char *out, size_t room)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    ssize_t got = 0;

    if (poll(&ready, 1, 0) == 1 && ready.revents & POLLIN)
        got = read(fd, out, room - 1);
    REQUIRE(got >= 0);
    out[got] = '\0';
    return (size_t)got;
}

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

    become_stderr(place->at_start, ends);
    log_guard_stderr();
    if (place->later != NONE)
        become_stderr(place->later, ends);
    log_open(&kernel_net, LOG_FAILURE, NULL, false);
    errno = EXDEV;
    log_words(LOG_FAILURE, "words");
    REQUIRE(errno == EXDEV);
    if (ends[0] >= 0)
        what_came(ends[0], came, sizeof came);
    if (place->at_start == PTY && place->written) /* the terminal turns LF into CRLF */
        REQUIRE(strcmp(came, "ptunnel: words\r\n") == 0);
    else
        REQUIRE(strcmp(came, place->written ? "ptunnel: words\n" : "") == 0);
}

static void where_a_line_goes(void **state)
{
    unlink(path);
    unlink(other_path);
    in_child(write_to_place, *state);
}

static void write_to_full_pipe(const void *row)
{
    struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
    char came[256];
    int ends[2];

    (void)row;
    become_stderr(FULL_PIPE, ends);
    log_guard_stderr();
    log_open(&kernel_net, LOG_FAILURE, NULL, false);
    alarm(20); /* a write that waits would wait for ever */
    log_words(LOG_FAILURE, "words");
    REQUIRE(poll(&ready, 1, 0) == 0);
    what_came(ends[0], came, sizeof came);
    REQUIRE(strspn(came, "x") == sizeof came - 1);
}

static void a_full_pipe_loses_the_line(void **state)
{
    (void)state;
    in_child(write_to_full_pipe, NULL);
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
    { "seen in time", &kernel_net, false },
    { "a race lost", &racing_net, false },
    { "a race lost, and the program had one pending", &racing_net, true },
};

static void write_to_broken_pipe(const void *row)
{
    const struct broken *broken = row;
    sigset_t set, now;
    int ends[2];

    become_stderr(BROKEN_PIPE, ends);
    log_guard_stderr();
    log_open(broken->net, LOG_FAILURE, NULL, false);
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    if (broken->was_pending) {
        REQUIRE(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
        raise(SIGPIPE);
    }
    errno = EXDEV;
    log_words(LOG_FAILURE, "words");
    REQUIRE(errno == EXDEV);
    REQUIRE(sigpending(&now) == 0 && sigismember(&now, SIGPIPE) == broken->was_pending);
    REQUIRE(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGPIPE) == broken->was_pending);
}

static void no_sigpipe_reaches_the_program(void **state)
{
    in_child(write_to_broken_pipe, *state);
}

static void write_to_own_socket(const void *row)
{
    char came[256];
    int ends[2];

    (void)row;
    become_stderr(SOCKET, ends);
    log_own_stderr();
    log_open(&kernel_net, LOG_FAILURE, NULL, false);
    log_words(LOG_FAILURE, "words");
    what_came(ends[0], came, sizeof came);
    REQUIRE(strcmp(came, "ptunnel: words\n") == 0);
}

static void a_program_of_our_own_may_have_a_socket(void **state)
{
    (void)state;
    in_child(write_to_own_socket, NULL);
}

static const struct level_row {
    const char *name;
    int level;
    const char *came;
} levels[] = {
    { "quiet", LOG_QUIET, "" },
    { "the default", LOG_FAILURE, "ptunnel: failure\n" },
    { "-v", LOG_CONNECTION, "ptunnel: failure\nptunnel: connection\n" },
    { "-vv", LOG_HANDSHAKE, "ptunnel: failure\nptunnel: connection\nptunnel: handshake\n" },
    { "-vvv", LOG_DETAIL, "ptunnel: failure\nptunnel: connection\nptunnel: handshake\nptunnel: detail\n" },
};

static void write_at_levels(const void *row)
{
    static const char *const words[] = { "failure", "connection", "handshake", "detail" };
    const struct level_row *level = row;
    char came[256];
    int ends[2];

    become_stderr(PIPE, ends);
    log_guard_stderr();
    log_open(&kernel_net, (enum log_level)level->level, NULL, false);
    for (int i = LOG_FAILURE; i <= LOG_DETAIL; i++) {
        REQUIRE(log_wants((enum log_level)i) == (i <= level->level));
        log_words((enum log_level)i, words[i]);
    }
    what_came(ends[0], came, sizeof came);
    REQUIRE(strcmp(came, level->came) == 0);
}

static void what_is_said_at_which_level(void **state)
{
    in_child(write_at_levels, *state);
}

static void write_before_open(const void *row)
{
    char came[8];
    int ends[2];

    (void)row;
    become_stderr(PIPE, ends);
    log_guard_stderr();
    REQUIRE(!log_wants(LOG_FAILURE));
    log_words(LOG_FAILURE, "words");
    REQUIRE(what_came(ends[0], came, sizeof came) == 0);
}

static void nothing_is_said_before_the_log_is_open(void **state)
{
    (void)state;
    in_child(write_before_open, NULL);
}

/* What the path is before the first line, and whether the line goes there. */
enum path_kind { FRESH, EXISTING, LINK, MISSING_DIRECTORY, FIFO_WITHOUT_READER, A_DIRECTORY };
static const struct path_row {
    const char *name;
    enum path_kind kind;
    const char *content;
} paths[] = {
    { "a file that is not there", FRESH, "ptunnel: one\nptunnel: two\n" },
    { "a file that is there", EXISTING, "before\nptunnel: one\nptunnel: two\n" },
    { "a symbolic link is not followed", LINK, "before\n" },
    { "a directory that is not there", MISSING_DIRECTORY, NULL },
    { "a FIFO without a reader does not hold it up", FIFO_WITHOUT_READER, NULL },
    { "a directory", A_DIRECTORY, NULL },
};

static void prepare_path(enum path_kind kind)
{
    int fd = open(other_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    REQUIRE(fd >= 0 && write(fd, "before\n", 7) == 7 && close(fd) == 0);
    if (kind == EXISTING)
        REQUIRE(rename(other_path, path) == 0);
    if (kind == LINK)
        REQUIRE(symlink(other_path, path) == 0);
    if (kind == FIFO_WITHOUT_READER)
        REQUIRE(mkfifo(path, 0600) == 0);
}

static void check_content(const struct path_row *row)
{
    char content[256];
    int fd = open(path, O_RDONLY);
    struct stat status;

    what_came(fd, content, sizeof content);
    REQUIRE(strcmp(content, row->content) == 0);
    REQUIRE(fstat(fd, &status) == 0 && (status.st_mode & 0777) == 0600);
}

static void write_to_path(const void *row)
{
    const struct path_row *path_row = row;
    char missing[96];
    int lowest, ends[2];

    prepare_path(path_row->kind);
    become_stderr(PIPE, ends);
    log_guard_stderr();
    snprintf(missing, sizeof missing, "%s/no/log", directory);
    umask(0);
    lowest = dup(0);
    close(lowest);
    alarm(20);
    log_open(&kernel_net, LOG_FAILURE,
             path_row->kind == MISSING_DIRECTORY ? missing
             : path_row->kind == A_DIRECTORY     ? directory
                                                 : path,
             false);
    errno = EXDEV;
    log_words(LOG_FAILURE, "one");
    log_words(LOG_FAILURE, "two");
    REQUIRE(errno == EXDEV);
    REQUIRE(dup(0) == lowest); /* none was kept open */
    if (path_row->content)
        check_content(path_row);
    REQUIRE(what_came(ends[0], missing, sizeof missing) == 0); /* nor is descriptor 2 the way out */
}

static void to_a_file(void **state)
{
    unlink(path);
    unlink(other_path);
    in_child(write_to_path, *state);
}

static void write_name(const void *row)
{
    char came[256], wanted[256], name[] = "a\nb";
    int ends[2];

    (void)row;
    become_stderr(PIPE, ends);
    log_guard_stderr();
    log_open(&kernel_net, LOG_FAILURE, NULL, true);
    program_invocation_short_name = name;
    log_words(LOG_FAILURE, "words");
    what_came(ends[0], came, sizeof came);
    snprintf(wanted, sizeof wanted, "ptunnel: a\\x0ab[%d]: words\n", (int)getpid());
    REQUIRE(strcmp(came, wanted) == 0);
}

static void the_program_is_named(void **state)
{
    (void)state;
    in_child(write_name, NULL);
}

static void write_long(const void *row)
{
    char came[4096], words[LOG_LINE_SIZE + 500], name[] = "a-program-with-a-name-of-more-than-forty-bytes";
    struct text line = text_in(words, sizeof words);
    int ends[2];
    size_t size;

    (void)row;
    while (!line.cut)
        text_add(&line, "0123456789");
    become_stderr(PIPE, ends);
    log_guard_stderr();
    log_open(&kernel_net, LOG_FAILURE, NULL, true);
    program_invocation_short_name = name;
    log_line(LOG_FAILURE, &line);
    size = what_came(ends[0], came, sizeof came);
    REQUIRE(size > LOG_LINE_SIZE && size < sizeof words);
    REQUIRE(strchr(came, '\n') == came + size - 1);
}

static void a_line_that_is_too_long_is_still_a_line(void **state)
{
    (void)state;
    in_child(write_long, NULL);
}

/* At a level: a failure of subject 1, then after so many milliseconds one of a subject. Is the second one
 * said? */
static const struct repeat_row {
    const char *name;
    int level;
    uint64_t subject;
    int64_t after;
    bool said;
} repeats[] = {
    { "at once", LOG_FAILURE, 1, 0, false },
    { "after nearly ten seconds", LOG_FAILURE, 1, 9999, false },
    { "after ten seconds", LOG_FAILURE, 1, 10000, true },
    { "another subject", LOG_FAILURE, 2, 0, true },
    { "at -v all are said", LOG_CONNECTION, 1, 0, true },
};

static void write_twice(const void *row)
{
    const struct repeat_row *repeat = row;
    char buffer[32], came[256];
    struct text words = text_in(buffer, sizeof buffer);
    int ends[2];

    clock_stop();
    text_add(&words, "x");
    become_stderr(PIPE, ends);
    log_guard_stderr();
    log_open(&kernel_net, (enum log_level)repeat->level, NULL, false);
    log_failure(1, &words);
    clock_pass(repeat->after);
    log_failure(repeat->subject, &words);
    what_came(ends[0], came, sizeof came);
    REQUIRE(strcmp(came, repeat->said ? "ptunnel: x\nptunnel: x\n" : "ptunnel: x\n") == 0);
}

static void a_failure_is_not_said_too_often(void **state)
{
    in_child(write_twice, *state);
}

static const struct {
    const char *name;
    int error;
    const char *words;
} errors[] = {
    { "ECONNREFUSED", ECONNREFUSED, "connection refused" },
    { "ETIMEDOUT", ETIMEDOUT, "timed out" },
    { "EHOSTUNREACH", EHOSTUNREACH, "no route to host" },
    { "ENETUNREACH", ENETUNREACH, "network is unreachable" },
    { "EACCES", EACCES, "permission denied" },
    { "ECONNRESET", ECONNRESET, "connection reset" },
    { "EAFNOSUPPORT", EAFNOSUPPORT, "address family not usable on this socket" },
    { "EMFILE", EMFILE, "too many open files in this process" },
    { "EROFS", EROFS, "read-only file system" },
    { "ENOSPC", ENOSPC, "no space left" },
    { "an unusual one", EDOTDOT, "error 73" },
};

static void errors_in_words(void **state)
{
    const typeof(*errors) *row = *state;
    char buffer[64];
    struct text out = text_in(buffer, sizeof buffer);

    errors_print(&out, row->error);
    assert_string_equal(buffer, row->words);
}

/* What the calls about sockets and files whose errors are told are documented to say, but for bad pointers. */
static void every_foreseen_error_has_words_of_its_own(void **state)
{
    static const int foreseen[] = {
        EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EALREADY, EBADF, EBUSY, ECANCELED,
        ECONNABORTED, ECONNREFUSED, ECONNRESET, EDQUOT, EEXIST, EFBIG, EHOSTDOWN, EHOSTUNREACH, EINTR,
        EINVAL, EIO, EISCONN, EISDIR, ELOOP, EMFILE, ENAMETOOLONG, ENETDOWN, ENETRESET, ENETUNREACH, ENFILE,
        ENOBUFS, ENODEV, ENOENT, ENOLCK, ENOMEM, ENOPROTOOPT, ENOSPC, ENOSYS, ENOTCONN, ENOTDIR, ENOTSOCK,
        ENXIO, EOPNOTSUPP, EOVERFLOW, EPERM, EPIPE, EPROTO, EPROTONOSUPPORT, EROFS, ESTALE, ETIMEDOUT,
    };
    enum { FORESEEN = sizeof foreseen / sizeof *foreseen };
    static char words[FORESEEN][64];

    (void)state;
    for (size_t i = 0; i < FORESEEN; i++) {
        struct text out = text_in(words[i], sizeof words[i]);

        errors_print(&out, foreseen[i]);
        assert_false(out.cut);
        assert_int_not_equal(strncmp(words[i], "error ", 6), 0);
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(words[i], words[other]);
    }
}

int main(void)
{
    int result;

    fault_line = mmap(NULL, sizeof *fault_line, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (fault_line == MAP_FAILED || !mkdtemp(directory))
        return 1;
    snprintf(path, sizeof path, "%s/log", directory);
    snprintf(other_path, sizeof other_path, "%s/other", directory);
    ROWS(places, where_a_line_goes);
    STORY(a_full_pipe_loses_the_line);
    ROWS(broken_rows, no_sigpipe_reaches_the_program);
    STORY(a_program_of_our_own_may_have_a_socket);
    ROWS(levels, what_is_said_at_which_level);
    STORY(nothing_is_said_before_the_log_is_open);
    ROWS(paths, to_a_file);
    STORY(the_program_is_named);
    STORY(a_line_that_is_too_long_is_still_a_line);
    ROWS(repeats, a_failure_is_not_said_too_often);
    ROWS(errors, errors_in_words);
    STORY(every_foreseen_error_has_words_of_its_own);
    result = rows_run("log");
    unlink(path);
    unlink(other_path);
    rmdir(directory);
    return result;
}
