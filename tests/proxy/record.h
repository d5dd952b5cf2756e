#ifndef PROXY_RECORD_H
#define PROXY_RECORD_H

#include <stdbool.h>

/* The log. Each line goes out in one write; bytes that are not printable ASCII are written as \xHH. */
struct record {
    int fd;
    bool headers; /* log the fields of each request, too */
};

void record_line(const struct record *record, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
