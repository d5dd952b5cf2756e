/* Sockets that are duplicates of each other: whoever connects one connects them all, so a descriptor that is
 * about to connect gives its entry to the others. What was made when nothing was to be translated has to be
 * known too: dup(2) leaves a mark for that, and whoever connects asks the marked ones whether they are his
 * socket. */
#ifndef PTUNNEL_DUPLICATES_H
#define PTUNNEL_DUPLICATES_H

#include "slot.h"

void duplicates_note(int from, int to); /* one was made; no system call */

/* The descriptors of this process that are known to be fd's socket, fd itself last. A system call for each
 * mark, none for a number that has none. */
void duplicates_each(int fd, void (*visit)(int fd, void *data), void *data);

void duplicates_share(int fd, struct entry *entry);

#endif
