/* The file that a ticket cache is, and what it was at some moment: whether the user has another ticket since, or
 * none, can then be seen without any library. */
#ifndef PTUNNEL_TICKET_FILE_H
#define PTUNNEL_TICKET_FILE_H

#include <stdbool.h>
#include <stdint.h>

enum { CCACHE_SIZE = 1024 };

struct ticket_file {
    char path[CCACHE_SIZE]; /* "": the cache is no file (KEYRING:, KCM:, DIR:), or there is none */
    uint64_t device, inode;
    int64_t size, seconds, nanoseconds;
};

/* Looks at the cache of this name, written as in $KRB5CCNAME. */
void ticket_file_look(struct ticket_file *out, const char *ccache);

/* Whether it is there still, and nobody has written to it. */
bool ticket_file_is_same(const struct ticket_file *before);

#endif
