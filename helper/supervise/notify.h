/* Calls that wait for an answer, see seccomp_unotify(2). Whoever waits may be killed, or leave for a signal's
 * handler, at any time: then there is nothing to answer any more, and every function here says so. */
#ifndef PTUNNEL_NOTIFY_H
#define PTUNNEL_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct notice {
    uint64_t id;
    pid_t thread; /* who calls; may be gone, and its number another's: see notify_waits() */
    int call;     /* SYS_connect and so on */
    uint64_t arguments[6];
};

/* 0; -ENOENT: whoever called has gone again; another negative errno: there will be no more. */
int notify_receive(int listener, struct notice *out);

/* True while it waits. What was read of its process before this is then that process's. */
bool notify_waits(int listener, uint64_t id);

/* The call's result: not negative, or a negative errno. False: nobody waits for it any more. */
bool notify_answer(int listener, uint64_t id, long result);

/* The kernel serves the call as it stands in the program's memory by then. */
bool notify_pass(int listener, uint64_t id);

/* Puts a duplicate of our `fd` under the number, in place of what is there, as dup2(2). */
bool notify_put(int listener, uint64_t id, int fd, int number, bool close_on_exec);

#endif
