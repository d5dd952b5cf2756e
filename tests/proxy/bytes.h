#ifndef PROXY_BYTES_H
#define PROXY_BYTES_H

#include <stddef.h>

/* A growing run of bytes. `data` is always followed by a NUL that `length` does not count. Zeroed = empty. */
struct bytes {
    char *data;
    size_t length;
    size_t capacity;
};

void bytes_add(struct bytes *bytes, const void *data, size_t length);
void bytes_print(struct bytes *bytes, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bytes_free(struct bytes *bytes);

/* malloc and calloc that end the program when there is no memory. */
void *get_memory(size_t size);
void *get_zeroed(size_t size);

#endif
