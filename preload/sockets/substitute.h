/* What the kernel holds in place of the program's epoll registrations while a descriptor is pending.
 *
 * epoll reports a socket writable as soon as the proxy accepted, which is not what the program waits for. So
 * for a pending descriptor the kernel holds a substitute: what the dial wants, one-shot, with a cookie as
 * data that no program has. epoll_wait takes cookies out of what it got and steps their dials. When a dial
 * ends the program's own registration goes back: that re-arms edge-triggered ones, and the kernel itself
 * reports the right event. */
#ifndef PTUNNEL_SUBSTITUTE_H
#define PTUNNEL_SUBSTITUTE_H

#include "entry.h"
#include "registration.h"

#include <sys/epoll.h>

/* epoll_ctl(2) for any descriptor, pending or not. 0 or a negative errno. */
int substitute_control(int set, int operation, int fd, struct epoll_event *event);

/* The substitute for what `want` says, in every set that watches fd; again each time it fired or the want
 * changed. False: there is no such set. */
bool substitute_put(int fd, const struct entry *entry, enum dial_want want);

/* The program's own registrations again, but for what another process changed meanwhile (the entry tells whether it may
 * have; NULL: none is known). Must come before fd is closed or replaced: afterwards a duplicate keeps the kernel's
 * registration alive where nobody can reach it. */
void substitute_take_back(int fd, const struct entry *entry);

/* Before this process waits for a set: what it inherited there is its own to put back from now on. Cheap but for the
 * first time after a fork. */
void substitute_use_set(int set);

/* dup3(2) of `made` to fd, out of every set before, and in again: in one, so that epoll_ctl(2) in another thread comes before
 * or after it. The entry may be NULL where none is pending. */
void substitute_exchange(int fd, int made, int flags, const struct entry *entry);

/* What is registered for a pending descriptor is so for its duplicate from now on. */
void substitute_move(int from, int to, const struct entry *entry);

/* True if an event's data is a cookie; *number is then that of entry_by_number(). */
bool substitute_is_cookie(uint64_t data, uint32_t *number);

/* Whether a substitute was ever set, here or in a process with which this one shares sets by fork(2): only then can
 * epoll_wait meet a cookie. */
extern _Atomic(_Atomic bool *) substitute_flag HIDDEN;
static inline bool substitute_ever(void)
{
    return atomic_load_explicit(atomic_load_explicit(&substitute_flag, memory_order_acquire),
                                memory_order_relaxed);
}

#endif
