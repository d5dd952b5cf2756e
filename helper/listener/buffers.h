/* What holds bytes in flight: buffers, and pipes for splice(2). A tunnel has one only while its receiver is
 * slower than its sender. */
#ifndef PTUNNEL_BUFFERS_H
#define PTUNNEL_BUFFERS_H

#include <stdbool.h>
#include <stddef.h>

enum { BUFFER_PAGES = 16, BUFFER_SIZE = BUFFER_PAGES * 4096 - 32 };

struct buffer {
    struct buffer *next; /* while nobody has it */
    size_t at, end;      /* the bytes still to be written */
    char bytes[BUFFER_SIZE];
};

struct conduit {
    struct conduit *next; /* while nobody has it; it is empty then */
    int in, out;          /* a pipe */
    size_t held;          /* bytes in it */
};

struct buffers {
    struct buffer *spare;
    struct conduit *spare_conduit;
    size_t spare_count, spare_conduit_count, conduit_count; /* the last with those in use */
};

struct buffer *buffer_take(struct buffers *buffers); /* NULL: no memory */
void buffer_give(struct buffers *buffers, struct buffer *buffer);

struct conduit *conduit_take(struct buffers *buffers); /* NULL: too many, or no descriptors, or no memory */
void conduit_give(struct buffers *buffers, struct conduit *conduit);

bool buffers_trim(struct buffers *buffers); /* frees what nobody has; false: there was no conduit among it */

#endif
