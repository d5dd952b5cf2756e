/* How a command is run: with the library in front of its connect(), under a supervisor, or not at all, so that
 * nothing goes out unnoticed. */
#ifndef PTUNNEL_ALLOW_H
#define PTUNNEL_ALLOW_H

#include <ptunnel/reach.h>

#include <stdbool.h>

enum allowed {
    ALLOWED_NOT,       /* the reason is on standard error */
    ALLOWED_PRELOADED, /* or there is nothing to run */
    ALLOWED_SUPERVISED,
    ALLOWED_FORCED, /* it goes past us, as was said */
};

struct allow {
    bool force;     /* run it even if it cannot be tunnelled */
    bool supervise; /* whatever it is */
    bool no_supervise;
    bool strict; /* under a supervisor, in a network of its own */
    bool quiet, verbose;
};

/* The command as execvp(3) will be given it, and this build's own library; NULL: .strict. `look` is what was found. With
 * `verbose` a line on standard error says when it is supervised. */
enum allowed allow_command(char **command, const char *library, struct reach_look *look,
                           const struct allow *allow);

/* For --show and --explain: the same as a line on standard output that begins so, and nothing on standard error. */
void allow_show(const char *begin, char **command, const char *library, const struct allow *allow);

/* A command that was to be supervised, and cannot be: `wrong` says why, as a phrase. False if it must not be run
 * then. */
bool allow_unsupervised(char **command, const struct allow *allow, const char *wrong);

#endif
