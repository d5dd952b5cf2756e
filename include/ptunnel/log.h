/* What is said to the user: whole lines, one write each, "ptunnel: ssh[4711]: " in front, and the time (UTC) where they are
 * kept, or many. */
#ifndef PTUNNEL_LOG_H
#define PTUNNEL_LOG_H

#include <ptunnel/net.h>
#include <ptunnel/text.h>

#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_QUIET = -1,
    LOG_FAILURE = 0,    /* a tunnel that failed, a configuration that is wrong */
    LOG_CONNECTION = 1, /* one line for each connection */
    LOG_HANDSHAKE = 2,  /* what is tried and answered */
    LOG_DETAIL = 3,
};

enum { LOG_LINE_SIZE = 1024 };

enum log_format {
    LOG_TEXT,
    LOG_JSON, /* one object a line */
};

/* Remembers which file is descriptor 2 now. Programs use the number 2 for sockets and databases later: a
 * line is written there only while it is the same terminal, pipe or regular file. Called once, before the
 * program runs. */
void log_guard_stderr(void);

/* For our own programs, whose descriptor 2 is always standard error: it may be a socket (systemd's journal),
 * too. */
void log_own_stderr(void);

/* From here on lines up to `level` are written through net, to the file `path` (opened for each line by log_open_file(),
 * and appended to only if nothing is wrong with it) or, if path is NULL, to the descriptor 2 of above. Both must
 * outlive the log. name_program: "ssh[4711]: " stands in front. The time does in a file, and from LOG_CONNECTION on. */
void log_open(const struct net *net, enum log_level level, const char *path, bool name_program);

/* "text", which is so if nothing is said, or "json". False for any other word, which is taken for "text". */
bool log_set_format(const char *word);

/* Opens a log to append to; makes it, for this user alone, if it is not there. A descriptor, or a negative errno. *wrong says
 * why it is not to be written to, whether it is open or not (another user's file, a FIFO, a symbolic link, a file with a
 * second name), else NULL. */
int log_open_file(const char *path, const char **wrong);

/* Whether a line of this level would be written: it need not be put together otherwise. */
bool log_wants(enum log_level level);

/* Whether lines are written that only who keeps a log wants: at LOG_CONNECTION, and in a file always. */
bool log_keeps(void);
void log_kept_line(const struct text *words);

/* Writes one line. errno is left alone, SIGPIPE is not raised; if a pipe is full the line is lost, nothing
 * waits. */
void log_line(enum log_level level, const struct text *words);

/* The same, put together by text_print(). */
__attribute__((format(printf, 2, 3))) void log_print(enum log_level level, const char *format, ...);

/* As log_line at LOG_FAILURE, but at most once in 10 s for the same subject (any hash of it). */
void log_failure(uint64_t subject, const struct text *words);

#endif
