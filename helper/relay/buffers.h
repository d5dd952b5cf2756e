/* Buffers for bytes in flight. A tunnel has one only while its receiver is slower than its sender. */
#ifndef PTUNNEL_BUFFERS_H
#define PTUNNEL_BUFFERS_H

#include <stddef.h>

/* With 256 KiB a gigabyte costs a seventh less than with 64 KiB. Pipes and splice(2), of whatever size, cost
 * more than that: in place of the copies the kernel then handles each page. */
enum { BUFFER_SIZE = 256 * 1024 - 32 };

struct buffer {
    struct buffer *next; /* while nobody has it */
    size_t at, end;      /* the bytes still to be written */
    char bytes[BUFFER_SIZE];
};

struct buffers {
    struct buffer *spare;
    size_t spare_count;
};

struct buffer *buffers_take(struct buffers *buffers); /* NULL: no memory */
void buffers_give(struct buffers *buffers, struct buffer *buffer);
void buffers_free(struct buffers *buffers); /* those that nobody has */

#endif
