/* A lock that is a word: which thread has it. For entries, which processes share, and for records, which are a
 * process's own. Nobody waits for it in the kernel, so it can be tried in a signal handler, and a holder that died, or
 * was left behind by fork(2), is noticed: its lock is then anybody's. */
#ifndef PTUNNEL_OWNER_H
#define PTUNNEL_OWNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef _Atomic uint64_t owner_word; /* 0: nobody has it */

/* Where the word lies decides who may hold it: this process's threads, or those of all that share the memory. */
enum owner_of { OWNER_OF_PROCESS, OWNER_OF_ALL };

/* False: somebody has it, perhaps this very thread. */
bool owner_try(owner_word *word, enum owner_of of);

/* Tries again for 250 ms, for 30 s where only this process's threads can have it, and yields between. False: this very thread has it, which a signal interrupted (or that
 * siglongjmp(3) took out of its work), or the time ran out. */
bool owner_patiently(owner_word *word, enum owner_of of);

void owner_leave(owner_word *word);
bool owner_is_me(const owner_word *word, enum owner_of of);

#endif
