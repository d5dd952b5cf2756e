#include "log_form.h"

#include <ptunnel/deadline.h>
#include <ptunnel/owned.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { SUBJECTS = 64 };
static const int64_t repeat_after = INT64_C(10) * 1000000000;

static struct {
    const struct net *net;
    enum log_level level;
    const char *path;
    struct log_form form;
    bool guarded;
    bool owned;
    dev_t device;
    ino_t inode;
} sink = { .level = LOG_QUIET };

/* When something was last said about a subject, by a hash of it. A collision costs or saves a line, no
 * more. */
static struct {
    _Atomic uint64_t subject;
    _Atomic int64_t said_at;
} said[SUBJECTS];

static bool writable_kind(mode_t mode)
{
    return S_ISCHR(mode) || S_ISFIFO(mode) || S_ISREG(mode);
}

void log_guard_stderr(void)
{
    struct stat now;

    if (fstat(STDERR_FILENO, &now) < 0 || !writable_kind(now.st_mode))
        return;
    sink.guarded = true;
    sink.device = now.st_dev;
    sink.inode = now.st_ino;
}

void log_own_stderr(void)
{
    sink.owned = true;
}

void log_open(const struct net *net, enum log_level level, const char *path, bool name_program)
{
    sink.path = path;
    sink.level = level;
    sink.form.timed = path || level >= LOG_CONNECTION;
    sink.form.name_program = name_program;
    sink.net = net;
}

bool log_set_format(const char *word)
{
    sink.form.format = strcmp(word, "json") == 0 ? LOG_JSON : LOG_TEXT;
    return sink.form.format == LOG_JSON || strcmp(word, "text") == 0;
}

bool log_wants(enum log_level level)
{
    return sink.net && level <= sink.level;
}

static bool stderr_is_ours(void)
{
    struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
    struct termios terminal;
    struct stat now;

    if (sink.owned)
        return sink.net->poll(&ready, 1, 0) == 1 && ready.revents == POLLOUT;
    if (!sink.guarded || fstat(STDERR_FILENO, &now) < 0 || now.st_dev != sink.device ||
        now.st_ino != sink.inode)
        return false;
    if (S_ISREG(now.st_mode))
        return true;
    if (S_ISCHR(now.st_mode) && tcgetattr(STDERR_FILENO, &terminal) < 0)
        return false;
    return sink.net->poll(&ready, 1, 0) == 1 && ready.revents == POLLOUT;
}

/* Writes without SIGPIPE (the reader of a pipe may have gone) and SIGXFSZ (RLIMIT_FSIZE), which would end
 * the program: blocked, and taken back if the write raised them. */
static void write_quietly(int fd, const char *line, size_t size)
{
    static const int raised[] = { SIGPIPE, SIGXFSZ };
    sigset_t both, blocked, before, pending;
    struct timespec now = { 0 };

    sigemptyset(&both);
    for (size_t i = 0; i < sizeof raised / sizeof *raised; i++)
        sigaddset(&both, raised[i]);
    sigpending(&pending);
    blocked = both;
    /* A terminal with TOSTOP stops who writes from the background, unless he blocks that. */
    sigaddset(&blocked, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    if (sink.net->write(fd, line, size) < 0 && (errno == EPIPE || errno == EFBIG)) {
        for (size_t i = 0; i < sizeof raised / sizeof *raised; i++)
            if (sigismember(&pending, raised[i]))
                sigdelset(&both, raised[i]); /* it was pending before */
        sigtimedwait(&both, NULL, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* A terminal, /dev/null: what is written there stays with the user, or nowhere. */
static const char *log_wrong(const struct stat *file)
{
    if (S_ISCHR(file->st_mode))
        return file->st_uid != 0 && file->st_uid != geteuid() ? "belongs to somebody else" : NULL;
    return owned_wrong(file);
}

int log_open_file(const char *path, const char **wrong)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    struct stat file = { 0 };

    *wrong = NULL;
    if (fd < 0 && errno == ELOOP)
        *wrong = "is a symbolic link, which is not followed";
    if (fd < 0 && errno == ENXIO) /* a FIFO that nobody reads */
        *wrong = "is no regular file: remove it";
    if (fd < 0)
        return -errno;
    fstat(fd, &file);
    *wrong = log_wrong(&file);
    return fd;
}

static void write_to_file(const char *line, size_t size)
{
    const char *wrong;
    int fd = log_open_file(sink.path, &wrong);

    if (fd < 0)
        return;
    if (!wrong)
        write_quietly(fd, line, size);
    sink.net->close(fd);
}

static void put(enum log_level level, const struct text *words)
{
    char buffer[LOG_LINE_SIZE + LOG_FORM_MOST];
    struct text line = text_in(buffer, sizeof buffer - 1);

    log_form_line(&sink.form, level, words, &line);
    *line.at++ = '\n'; /* the byte that was held back from text_in() */
    if (sink.path)
        write_to_file(buffer, text_size(&line));
    else if (stderr_is_ours())
        write_quietly(STDERR_FILENO, buffer, text_size(&line));
}

void log_line(enum log_level level, const struct text *words)
{
    int saved = errno;

    if (log_wants(level))
        put(level, words);
    errno = saved;
}

bool log_keeps(void)
{
    return log_wants(LOG_CONNECTION) || (sink.path && log_wants(LOG_FAILURE));
}

void log_kept_line(const struct text *words)
{
    int saved = errno;

    if (log_keeps())
        put(LOG_CONNECTION, words);
    errno = saved;
}

void log_print(enum log_level level, const char *format, ...)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);
    va_list values;

    va_start(values, format);
    text_print_list(&line, format, &values);
    va_end(values);
    log_line(level, &line);
}

void log_failure(uint64_t subject, const struct text *words)
{
    size_t slot = (size_t)((subject * UINT64_C(0x9e3779b97f4a7c15)) >> 58) % SUBJECTS;
    int64_t now = deadline_now();

    if (sink.level <= LOG_FAILURE && atomic_load(&said[slot].subject) == subject &&
        now - atomic_load(&said[slot].said_at) < repeat_after)
        return;
    atomic_store(&said[slot].said_at, now);
    atomic_store(&said[slot].subject, subject);
    log_line(LOG_FAILURE, words);
}
