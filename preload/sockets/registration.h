/* What the program registered with epoll_ctl(2), remembered from then on, since it may come before connect().
 * A record that has become untrue (the descriptor was closed behind our back) is noticed when the kernel
 * refuses to change it.
 *
 * A set is shared by forked processes, a record is not. So a forked child, which has copies of its parent's records,
 * leaves the sets that they name alone until it uses one itself; and what another process may have changed meanwhile is
 * compared with what the kernel holds before it is changed. */
#ifndef PTUNNEL_REGISTRATION_H
#define PTUNNEL_REGISTRATION_H

#include "../real.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* One descriptor in one set. */
struct registration {
    int set;             /* the epoll descriptor + 1; 0: none, the record is empty */
    uint32_t events;     /* as the program gave them */
    bool substituted;    /* the kernel holds our substitute, not this: see substitute.h */
    uint32_t generation; /* identity_generation() when it was made */
    uint32_t change;     /* another one whenever the program changed it */
    uint64_t data;
    struct registration *next;
};

/* Guards a descriptor's records, also over epoll_ctl(2), which does not wait: so the kernel's registration, the record
 * and the table of pending descriptors are looked at as one. Order of locks: entry, then this; of two descriptors the
 * lower one's first. False, and nothing is locked, for a signal handler that interrupted the very thread which holds
 * it: it goes on without, since a lost record costs less than a deadlock. */
bool registration_lock(int fd);
void registration_unlock(int fd, bool locked); /* what registration_lock() said */
bool registration_one_lock(int fd, int other); /* both are guarded by the same one */

/* With the lock. The first record of a descriptor, NULL: it never had one; the one for a set, NULL: none (set
 * -1: an empty one). */
struct registration *registration_first(int fd);
struct registration *registration_in(struct registration *first, int set);

/* With the lock. What the kernel took for fd; event NULL: it was removed. The second: the record is empty from now on. */
void registration_remember(int set, int fd, const struct epoll_event *event, bool substituted);
void registration_void(struct registration *record);

/* This process uses the set: it waits for it, or changes it. True if it did so for the first time. */
bool registration_use(int set);

/* With the lock. Whether this process used the record's set; whether the record was copied by fork(2). */
bool registration_is_ours(const struct registration *record);
bool registration_is_inherited(const struct registration *record);

/* All below take the lock. */
bool registration_exists(int set, int fd);

/* The descriptor gets a new meaning (closed, replaced): its records are void. */
void registration_forget(int fd);

bool registration_is_set(int fd);               /* registrations were made in it */
int registration_count(int set);                /* how many records name it, true or not */
extern _Atomic bool registration_nested HIDDEN; /* some set was ever put into another */

/* The descriptor that is registered in the set with this data; -1: none is known.
 * Slow: for sets inside sets. */
int registration_descriptor(int set, uint64_t data);

int registration_next(int fd); /* the first from fd on that may have records; FD_MAP_NUMBERS: none */

#endif
