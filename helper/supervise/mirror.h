/* Where nobody but an ancestor may look into a process (Yama's ptrace_scope 1), the supervisor is the command's parent:
 *
 *   ptunnel-run, the mirror: signals go on to the command, stops and the end of the command are its own
 *     `-- supervisor, in a session of its own: parent of the command, and of whoever loses its parent below that
 *           `-- command
 *
 * The mirror ends with the command; the supervisor with the last process below it. */
#ifndef PTUNNEL_MIRROR_H
#define PTUNNEL_MIRROR_H

#include "../relay/loop.h"

#include <sys/types.h>

/* The supervisor's side. */
struct reaper {
    struct watch children, mirror;
    struct loop *loop;
    int signals; /* signalfd(2) */
    int to;      /* the mirror; -1: it has ended, or there is none */
    pid_t command;
    bool has_ended; /* the command */
};

/* In the supervisor, before the command is started. */
void reaper_prepare(void);

/* Tells the mirror from now on what becomes of the command. If the mirror is killed, so is the command. */
bool reaper_start(struct reaper *reaper, struct loop *loop, int to, pid_t command);

void reaper_end(
    struct reaper *reaper); /* the loop has ended, and nobody is left but, perhaps, to be waited for */

/* Until the command has ended, without a loop. */
void reaper_wait(int to, pid_t command);

/* Is the mirror, from here on: `from` is the other end. */
_Noreturn void mirror_command(int from);

#endif
