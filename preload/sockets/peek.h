/* SO_PEEK_OFF (socket(7)): the offset at which MSG_PEEK reads, and which it moves on. A dial peeks, too: so
 * while one is under way the option is off, and the program's value is kept in the entry, for getsockopt(2)
 * and setsockopt(2). */
#ifndef PTUNNEL_PEEK_H
#define PTUNNEL_PEEK_H

#include "entry.h"

/* The program has set it, on some socket. Until then no socket is asked for it. */
extern _Atomic bool peek_ever HIDDEN;

/* Under the entry's lock, before the first step, and when the dial has ended. Both change errno. */
void peek_begin(struct entry *entry, int fd);
void peek_end(struct entry *entry, int fd);

#endif
