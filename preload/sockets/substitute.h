/* The program's epoll registrations, and what the kernel holds in their place while a descriptor is pending.
 *
 * epoll reports a socket writable as soon as the proxy accepted, which is not what the program waits for. So
 * for a pending descriptor the kernel holds a substitute: what the dial wants, one-shot, with a cookie as
 * data that no program has. epoll_wait takes cookies out of what it got and steps their dials. When a dial
 * ends the program's own registration goes back: that re-arms edge-triggered ones, and the kernel itself
 * reports the right event.
 *
 * What the program registered is remembered from epoll_ctl on, since it may come before connect(). A record
 * that has become untrue (the descriptor was closed behind our back) is noticed when the kernel refuses to
 * change it. */
#ifndef PTUNNEL_SUBSTITUTE_H
#define PTUNNEL_SUBSTITUTE_H

#include "entry.h"

#include <sys/epoll.h>

/* epoll_ctl(2) for any descriptor, pending or not. 0 or a negative errno. */
int watch_control(int set, int operation, int fd, struct epoll_event *event);

/* The substitute for what `want` says, in every set that watches fd; again each time it fired or the want
 * changed. False: there is no such set. */
bool watch_substitute(int fd, const struct entry *entry, enum dial_want want);

/* The program's own registrations again. Must come before fd is closed or replaced: afterwards a duplicate
 * keeps the kernel's registration alive where nobody can reach it. */
void watch_restore(int fd);

/* Out of every set, and in again: the number gets another socket between. The entry may be NULL where none is
 * pending. */
void watch_lift(int fd);
void watch_lay(int fd, const struct entry *entry);

/* What is registered for a pending descriptor is so for its duplicate from now on. */
void watch_move(int from, int to, const struct entry *entry);

bool watch_watches(int set, int fd);
bool watch_is_set(int fd);        /* registrations were made in it */
extern _Atomic bool watch_nested; /* some set was ever put into another */

/* The descriptor that is registered in the set with this data; -1: none is known.
 * Slow: for sets inside sets. */
int watch_descriptor(int set, uint64_t data);

/* The descriptor gets a new meaning (closed, replaced): its records are void. */
void watch_forget(int fd);

/* True if an event's data is a cookie; *number is then that of table_by_number(). */
bool watch_is_cookie(uint64_t data, uint32_t *number);

/* True once a substitute was ever set in this process: only then can epoll_wait meet a cookie. */
extern _Atomic bool watch_cookies HIDDEN;

#endif
