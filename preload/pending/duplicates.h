/* Sockets that are duplicates of each other: whoever connects one connects them all, so a descriptor that is
 * about to connect gives its entry to the others. What was made when nothing was to be translated has to be
 * known too. */
#ifndef PTUNNEL_DUPLICATES_H
#define PTUNNEL_DUPLICATES_H

#include "table.h"

void duplicates_note(int from,
                     int to); /* four system calls for a TCP socket, one for anything else but a socket */
/* fd has another socket now, and so have those that are duplicates of it. */
void duplicates_move(int fd, uint64_t cookie);

/* The descriptors of this process that are known to be fd's socket, fd itself last. */
void duplicates_each(int fd, void (*visit)(int fd, void *data), void *data);

void duplicates_share(int fd, struct entry *entry); /* none for a socket that was never duplicated */

#endif
