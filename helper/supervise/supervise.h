/* Puts a command under a supervisor: what the library cannot be loaded into is tunnelled at the kernel's edge. The
 * command keeps this process; the supervisor is a process of its own, in a session of its own, and no child of the
 * command. It ends with the last process that descends from the command. If it is ended before, every call that it
 * would have answered fails (ENOSYS): nothing goes past it. */
#ifndef PTUNNEL_SUPERVISE_H
#define PTUNNEL_SUPERVISE_H

#include <ptunnel/config.h>
#include <ptunnel/log.h>

#include <stdbool.h>

struct supervised {
    const struct config *config;
    enum log_level level; /* the supervisor's, to the file `log` or, NULL, to standard error */
    const char *log;
    bool strict;   /* the command in a network of its own, see space.h */
    bool is_child; /* of a program whose configuration it has */
};

/* NULL: from here on this process is supervised (by the supervisor that it is under already, if that is ours), and whatever it executes. Or why that cannot be, as a phrase; then
 * nothing has changed, but with .strict the process may be in the other network already, and must run nothing. The
 * supervisor lets go of standard error when this process has ended. */
const char *supervise_begin(const struct supervised *how);

#endif
