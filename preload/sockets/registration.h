/* What the program registered with epoll_ctl(2), remembered from then on, since it may come before connect().
 * A record that has become untrue (the descriptor was closed behind our back) is noticed when the kernel
 * refuses to change it. */
#ifndef PTUNNEL_REGISTRATION_H
#define PTUNNEL_REGISTRATION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* One descriptor in one set. */
struct registration {
    int set;          /* the epoll descriptor + 1; 0: none, the record is empty */
    uint32_t events;  /* as the program gave them */
    bool substituted; /* the kernel holds our substitute, not this: see substitute.h */
    uint64_t data;
    struct registration *next;
};

/* Guards all records; never held over a call that waits. False, and nothing is locked, for a signal handler
 * that interrupted the very thread which holds it: it goes on without, since a lost record costs less than a
 * deadlock. */
bool registration_lock(void);
void registration_unlock(bool locked); /* what registration_lock() said */

/* With the lock. The first record of a descriptor, NULL: it never had one; the one for a set, NULL: none (set
 * -1: an empty one); the same, made if there is none (NULL: no memory). */
struct registration *registration_first(int fd);
struct registration *registration_in(struct registration *first, int set);
struct registration *registration_make(int fd, int set);

/* All below take the lock. Event NULL: it was removed. */
void registration_remember(int set, int fd, const struct epoll_event *event, bool substituted);

bool registration_exists(int set, int fd);
bool registration_is_exclusive(int set, int fd); /* EPOLLEXCLUSIVE */

/* The descriptor gets a new meaning (closed, replaced): its records are void. */
void registration_forget(int fd);

bool registration_is_set(int fd);        /* registrations were made in it */
extern _Atomic bool registration_nested; /* some set was ever put into another */

/* The descriptor that is registered in the set with this data; -1: none is known.
 * Slow: for sets inside sets. */
int registration_descriptor(int set, uint64_t data);

#endif
