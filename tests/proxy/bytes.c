#include "bytes.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_room(struct bytes *bytes, size_t more)
{
    size_t wanted = bytes->length + more + 1;

    if (wanted <= bytes->capacity)
        return;
    bytes->capacity = wanted * 2;
    bytes->data = realloc(bytes->data, bytes->capacity);
    if (!bytes->data)
        err(1, "no memory");
}

void bytes_add(struct bytes *bytes, const void *data, size_t length)
{
    make_room(bytes, length);
    if (length > 0)
        memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
    bytes->data[bytes->length] = '\0';
}

void bytes_print(struct bytes *bytes, const char *format, ...)
{
    va_list arguments;
    char *text;
    int length;

    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        err(1, "no memory");
    bytes_add(bytes, text, (size_t)length);
    free(text);
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

void *get_memory(size_t size)
{
    void *memory = malloc(size);

    if (!memory)
        err(1, "no memory");
    return memory;
}

void *get_zeroed(size_t size)
{
    void *memory = calloc(1, size);

    if (!memory)
        err(1, "no memory");
    return memory;
}
