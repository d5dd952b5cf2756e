/* Who this process and this thread are, told without a system call, and whether another one is still there. A
 * forked child is noticed by a page that the kernel clears in it (MADV_WIPEONFORK): after fork(2), _Fork(3)
 * and a raw clone(2), but not in a child of vfork(2), which borrows this process's memory. */
#ifndef PTUNNEL_IDENTITY_H
#define PTUNNEL_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

/* Makes the page, once in a process; false: no memory. Before that no fork is noticed. */
bool identity_begin(void);

/* Another number in a forked child than in its parent; the same in a child of vfork(2). Changes the number at
 * the first call after a fork. */
uint32_t identity_generation(void);

/* `begin` is called once in each child that is forked from here on, before any thread of it gets the new generation: for
 * what must not be inherited. It must not ask for the generation. The same function again changes nothing. */
void identity_at_fork(void (*begin)(void));

int identity_thread(void); /* gettid(2) of the caller: a system call only the first time */

/* Some bits of the number of this process's PID namespace, in which thread ids mean something; 0 where /proc does not
 * tell. A system call only the first time, and after a fork. Leaves errno alone. */
uint16_t identity_namespace(void);

/* True if no thread has this number, as far as this process's PID namespace sees. Leaves errno alone. */
bool identity_is_gone(int thread);

/* Whether a thread of this process has the same table of descriptors as the caller. False only if the kernel
 * says so (after unshare(2) with CLONE_FILES): a number then means another file to it. Leaves errno alone. */
bool identity_shares_files(int thread);

/* Whether identity_shares_files() has ever said so to this thread. */
bool identity_is_apart(void);

/* False where libc says that this is the only thread; musl does not tell. */
bool identity_has_threads(void);

/* True in a child made by vfork(2), which must not change what it borrows. A system call. */
bool identity_is_borrowed(void);

#endif
