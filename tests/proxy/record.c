#include "record.h"

#include "bytes.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void record_line(const struct record *record, const char *format, ...)
{
    struct bytes line = {0};
    va_list arguments;
    char *text;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        err(1, "no memory");
    va_end(arguments);
    for (const char *at = text; *at; at++) {
        if (*at < 0x20 || *at > 0x7e)
            bytes_print(&line, "\\x%02x", (unsigned char)*at);
        else
            bytes_add(&line, at, 1);
    }
    bytes_add(&line, "\n", 1);
    if (write(record->fd, line.data, line.length) < 0)
        warn("log");
    free(text);
    bytes_free(&line);
}
