/* One dial of this process, from connect() until the tunnel is open or the program has been told that it failed.
 *
 *   PENDING --2xx--> OPEN       slots are taken down, peers say who the target is
 *     |`--fallback, or direct by name--> DIRECT    the kernel's own connect(); `error` is what it still has to say
 *     |`--refused, late--> FAILED --connect() again, close()--> gone    `unread` until one call has told the error
 *     `--shutdown(): DIRECT, ECONNRESET; connect(AF_UNSPEC): DIRECT, EPIPE for a thread that waits
 *
 * Entries lie in shared memory, so that a forked child and its parent step one dial, not two copies of it:
 * two processes that look and take would eat each other's bytes. They point into the process's own memory
 * (dial.net, .route, .limits, .replace): what they point to must have been made before fork(), which holds
 * because a dial is made with all of it. Whoever steps holds the entry's lock; a step never waits for it, a
 * busy entry counts as "not yet". Order of locks: entry, then registrations. No lock is held while anything
 * waits. Entries that were given back keep their contents and rest a while before they are used again:
 * whoever still looks at one sees that its number has changed. */
#ifndef PTUNNEL_ENTRY_H
#define PTUNNEL_ENTRY_H

#include "../real.h"
#include "owner.h"

#include <ptunnel/dial.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum entry_state {
    ENTRY_FREE,
    ENTRY_PENDING, /* the dial is under way */
    ENTRY_OPEN,    /* the tunnel is open; slots are being taken down */
    ENTRY_DIRECT,  /* the socket is the kernel's again, in whatever state; as above */
    ENTRY_FAILED,  /* the kernel plays a failed connect(); `error` is what it should have said */
};

struct entry {
    _Atomic uint32_t number;  /* index and generation: no two dials share one */
    _Atomic bool taken;       /* in use; otherwise it rests, its contents as they were */
    owner_word owner;         /* of whoever steps */
    _Atomic int state;        /* enum entry_state */
    _Atomic bool unread;      /* of ENTRY_FAILED: the error was told to nobody yet */
    _Atomic bool zero_given;  /* some connect() returns 0, here or in a forked process */
    _Atomic int maker;        /* the thread that connects: its table has the descriptor */
    _Atomic int descriptor;   /* a number that it has, perhaps: dial.fd, for who has not the lock */
    _Atomic int slots;        /* that have the entry */
    _Atomic int want;         /* enum dial_want of the last step */
    _Atomic int64_t deadline; /* of the dial, deadline_now()'s time */
    _Atomic uint64_t cookie;  /* SO_COOKIE: the socket, whatever its number; 0 before entry_adopt() */
    _Atomic int peek_offset;  /* the program's SO_PEEK_OFF, -1: it is none, or not ours to keep: see peek.h */
    _Atomic bool contested;   /* processes that share the socket use a set of it, too: see registration.h */
    _Atomic bool rung;        /* see ready/keeper.h */
    _Atomic bool stuck;       /* of ENTRY_FAILED: the kernel does not let the socket go (EBUSY), see step.c */
    _Atomic bool bounded;     /* TCP_USER_TIMEOUT is ours: see bound.h */
    _Atomic int user_timeout; /* and this is the program's, in milliseconds */
    int error;            /* positive errno of ENTRY_FAILED; of ENTRY_DIRECT what connect() will say, or 0 */
    struct literal asked; /* that the program gave */
    struct dial dial;     /* under the lock */
};

enum { ENTRY_CHUNKS = 512 }; /* entries are made and kept by the chunk */

/* A new entry, locked by the caller and PENDING. NULL: no memory, or ENTRY_CHUNKS are full. */
struct entry *entry_take(void);

/* It rests from now on. Nothing is done for an inherited one: the ancestor gives it back. */
void entry_give(struct entry *entry);

bool entry_lock(struct entry *entry); /* false: somebody steps it right now, perhaps this very thread */

/* For whoever takes an entry down: tries again for 250 ms, since the number must not get another meaning
 * under a step. False: the step is one of this very thread that a signal interrupted, or the time ran out. */
bool entry_lock_patiently(struct entry *entry);

void entry_unlock(struct entry *entry);
bool entry_locked_by_me(const struct entry *entry);

/* Whether the caller has the entry's descriptor. False in a thread with a table of descriptors of its own, to
 * which the number means another file. A system call, but for the thread that connects. */
bool entry_is_here(const struct entry *entry);

/* The entry was made before this process was forked: an ancestor may be using it. */
bool entry_is_inherited(const struct entry *entry);

struct entry *entry_by_number(uint32_t number); /* NULL: that dial is over */

unsigned entry_chunk(const struct entry *entry); /* below ENTRY_CHUNKS */

/* In a forked child, once: chunks of its ancestors that no slot of it uses are given back to the kernel. */
void entry_begin_generation(const bool used[ENTRY_CHUNKS]);

#endif
