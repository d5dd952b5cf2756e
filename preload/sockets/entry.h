/* Pending descriptors: those between connect() and an open tunnel, and those whose tunnel failed until the
 * program connects again or closes them. While one is here, hooks translate; while none is, a hook is a load
 * and a branch.
 *
 * A slot for each descriptor number points to an entry; duplicates share one. Entries lie in shared memory,
 * so that a forked child and its parent step one dial, not two copies of it: two processes that look and take
 * would eat each other's bytes. Whoever steps holds the entry's lock; nobody ever waits for it, a busy entry
 * counts as "not yet". No look-up takes a lock, so hooks stay async-signal-safe. Entries that were given back
 * keep their contents and rest a while before they are used again: whoever still looks at one sees that its
 * number has changed. */
#ifndef PTUNNEL_ENTRY_H
#define PTUNNEL_ENTRY_H

#include "../real.h"

#include <ptunnel/dial.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { TABLE_DESCRIPTORS = 1024 * 1024 }; /* numbers below this: the kernel's usual limit */

enum entry_state {
    ENTRY_FREE,
    ENTRY_PENDING, /* the dial is under way */
    ENTRY_OPEN,    /* the tunnel is open; slots are being taken down */
    ENTRY_HANDED,  /* the socket is the kernel's again, in whatever state; as above */
    ENTRY_FAILED,  /* the kernel plays a failed connect(); `error` is what it should have said */
};

struct entry {
    _Atomic uint32_t number;  /* pool index and generation: no two dials share one */
    _Atomic bool taken;       /* in use; otherwise it rests, its contents as they were */
    _Atomic int owner;        /* thread id of whoever steps, 0: nobody */
    _Atomic int state;        /* enum entry_state */
    _Atomic bool unread;      /* of ENTRY_FAILED: the error was told to nobody yet */
    _Atomic bool waited;      /* the program was seen to wait for it with a call that we translate */
    _Atomic int tried;        /* calls that came before the tunnel was open, and no wait had been seen */
    _Atomic bool paid;        /* some connect() returns 0, here or in a forked process */
    _Atomic int descriptor;   /* a number that it has, perhaps: dial.fd, for who has not the lock */
    _Atomic int slots;        /* that have the entry */
    _Atomic int want;         /* enum dial_want of the last step */
    _Atomic int64_t deadline; /* of the dial, deadline_now()'s time */
    _Atomic uint64_t cookie;  /* SO_COOKIE: the socket, whatever its number */
    int error; /* positive errno of ENTRY_FAILED; of ENTRY_HANDED what connect() still has to say, or 0 */
    struct endpoint asked; /* the address that the program gave */
    struct dial dial;      /* under the lock */
};

extern _Atomic int table_used HIDDEN; /* slots in use in this process */

/* Nothing to translate: the usual case, and the first thing every hook asks. */
static inline bool table_empty(void)
{
    return __builtin_expect(atomic_load_explicit(&table_used, memory_order_relaxed) == 0, 1);
}

/* The same, for a hook that then has only to pass the call on. One question, so that the compiler saves no
 * register before it: until the next definitions are known the count is one too high. */
static inline bool table_idle(void)
{
    if (!table_empty())
        return false;
    real_is_known();
    return true;
}

void table_begin(void); /* they are known; called once, by the constructor */

struct entry *table_find(int fd); /* NULL: the descriptor is an ordinary one */

/* A new entry, locked by the caller and PENDING, in fd's slot (whose former entry is dropped). NULL: no
 * memory, or the number is beyond what the table holds. */
struct entry *table_add(int fd);

void table_share(int fd, struct entry *entry); /* a duplicate: fd's slot gets this entry */
void table_drop(int fd);                       /* the slot alone; the last one gives the entry back */
void table_drop_all(struct entry *entry);      /* every slot of this process that has the entry */

bool table_lock(struct entry *entry); /* false: somebody steps it right now, perhaps this very thread */

/* The same once more and again for a moment: another thread's step is over soon, and the number must not get
 * another meaning under its hands. False: it is a step of this very thread that a signal interrupted, or a
 * connect() that waits in the kernel. */
bool table_lock_patiently(struct entry *entry);

void table_unlock(struct entry *entry);
bool table_locked_by_me(const struct entry *entry);

/* The entry was made before this process was forked: an ancestor may be using it. */
bool table_is_inherited(const struct entry *entry);

int table_thread(void); /* gettid(2) of the caller, a system call only the first time */

struct entry *table_by_number(uint32_t number); /* NULL: that dial is over */

int table_any(const struct entry *entry); /* a descriptor whose slot has the entry; -1: none */

/* Calls visit for each descriptor in use, in ascending order. */
void table_each(void (*visit)(int fd, struct entry *entry, void *data), void *data);

/* True in a child made by vfork(2), which borrows this process's memory and must not change the table. A
 * system call. */
bool table_is_borrowed(void);

#endif
