/* A file of names in numbered slots, shared by all processes of a user: what one process looked up,
 * another connects to, before or after fork and exec.
 *
 * It is never mapped: a full tmpfs or a truncated file would raise SIGBUS in the program. A slot is
 * written by one pwrite(2) under a lock on its bytes. A slot that is not in the file, or does not match
 * its checksum, counts as empty: a writer that is killed harms one slot at most.
 *
 * It begins with the number of its format. A file of another format belongs to another version of ptunnel,
 * and is left alone until nobody has used it for 24 h: -ESTALE. */
#ifndef PTUNNEL_SLOTS_H
#define PTUNNEL_SLOTS_H

#include <ptunnel/hash.h>
#include <ptunnel/net.h>
#include <ptunnel/text.h>

#include <stdint.h>

struct slots {
    const struct net *net;
    int (*fcntl)(int fd, int command, ...); /* fcntl(2) */
    const char *runtime_directory;          /* $XDG_RUNTIME_DIR, or NULL */
    struct hash_key key;                    /* of where a name is looked for: the same in all processes */
    uint32_t count;
};

enum { SLOT_NAME_SIZE = 254 }; /* a name of ENDPOINT_HOST_MAX bytes, and NUL */

/* The slot of a name; if it has none, the first free one from where its hash points; if there is none, the
 * one that was not used for the longest time, at least 24 h. 0; -EAGAIN if all are in use; another negative
 * errno (of open(2), fcntl(2), pwrite(2); -ESTALE) if the file cannot be used: `wrong` then says which and
 * why. */
int slots_claim(const struct slots *slots, const char *name, uint32_t *number, struct text *wrong);

/* The name in a slot, which is in use from now on. 0; -ENOENT if there is none; otherwise as above. */
int slots_read(const struct slots *slots, uint32_t number, char *name, struct text *wrong);

#endif
