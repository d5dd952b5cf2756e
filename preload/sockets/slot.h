/* Pending descriptors: those between connect() and an open tunnel, and those whose tunnel failed until the
 * program connects again or closes them. While one is here, hooks translate; while none is, a hook is a load
 * and a branch.
 *
 * A slot for each descriptor number points to an entry; duplicates share one. No look-up takes a lock, so
 * hooks stay async-signal-safe. */
#ifndef PTUNNEL_SLOT_H
#define PTUNNEL_SLOT_H

#include "entry.h"
#include "fd_map.h"

extern _Atomic int slots_used HIDDEN; /* in this process */

/* Nothing to translate: the usual case, and the first thing every hook asks. */
static inline bool slots_empty(void)
{
    return __builtin_expect(atomic_load_explicit(&slots_used, memory_order_relaxed) == 0, 1);
}

/* The same, for a hook that then has only to pass the call on. One question, so that the compiler saves no
 * register before it: until the next definitions are known the count is one too high. */
static inline bool slots_idle(void)
{
    if (!slots_empty())
        return false;
    real_is_known();
    return true;
}

/* The same of a close(2), which concerns others than slots, too: one is counted for each slot, and each of theirs. */
extern _Atomic int slots_closes HIDDEN;

static inline bool slots_close_idle(void)
{
    if (__builtin_expect(atomic_load_explicit(&slots_closes, memory_order_relaxed) != 0, 0))
        return false;
    real_is_known();
    return true;
}

void slots_hear_of_close(int more); /* one more (1) or less (-1) who does */

void slot_begin(void); /* they are known; called once, by the constructor */

struct entry *slot_find(int fd); /* NULL: the descriptor is an ordinary one */

/* A new entry, locked by the caller and PENDING, in fd's slot (whose former entry is dropped). NULL: no
 * memory, or the number is beyond what the map holds. */
struct entry *slot_add(int fd);

void slot_share(int fd, struct entry *entry); /* a duplicate: fd's slot gets this entry */
void slot_drop(int fd);                       /* the slot alone; the last one gives the entry back */
void slot_drop_all(struct entry *entry);      /* every slot of this process that has the entry */

int slot_of_entry(const struct entry *entry); /* a descriptor whose slot has the entry; -1: none */

/* Calls visit for each descriptor in use, in ascending order. */
void slot_each(void (*visit)(int fd, struct entry *entry, void *data), void *data);

/* The same of those that have the entry: nearly always one. */
void slot_each_of(struct entry *entry, void (*visit)(int fd, struct entry *entry, void *data), void *data);

#endif
