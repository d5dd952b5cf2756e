/* A look into the process that called: its descriptors and its memory. All of it may fail, because it is gone,
 * or because we have no right to (prctl PR_SET_DUMPABLE 0, a program that may be run but not read). What was
 * found counts only if notify_waits() says afterwards that the call is still waiting: until then the number may
 * have become another process's. */
#ifndef PTUNNEL_LOOK_H
#define PTUNNEL_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The process of a thread; a negative errno. */
pid_t look_process(pid_t thread);

/* For one thread of ours alone, the loop's. A duplicate of its descriptor, to be closed; -EBADF: it has none; -EPERM: we may not look; another negative
 * errno. */
int look_take(pid_t thread, int number);

/* Closes what look_take() keeps open for the next time. */
void look_forget(void);

/* A pidfd of the process, to be closed; -1. */
int look_open(pid_t thread);

/* Exactly so many bytes. False: it has no such memory. */
bool look_read(pid_t thread, uint64_t from, void *to, size_t size);
bool look_write(pid_t thread, uint64_t to, const void *from, size_t size);

bool look_closes_on_exec(pid_t thread, int number); /* FD_CLOEXEC of the descriptor */

/* A number other than `except` under which the process has the socket of this inode; -1: none of the first `most`
 * that it has. */
int look_for_socket(pid_t process, ino_t inode, int except, int most);

/* Whether another thread of its process may be in a system call that begins with this descriptor, as those that read and
 * write do, or in poll(2) or select(2) for whatever it is: one that runs just now may be about to. */
bool look_uses(pid_t thread, int number);

#endif
