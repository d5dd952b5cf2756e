#ifndef PROXY_REQUEST_H
#define PROXY_REQUEST_H

#include <stddef.h>

/* A request head, cut into C strings in place. */
struct request {
    char *head; /* owned; NULL = none */
    const char *method;
    const char *target;
    char *fields; /* the field lines, each ended by CR LF, up to the empty line */
};

/* Bytes of the head at the start of `data`, the empty line included; 0 = it is not complete. */
size_t request_length(const char *data, size_t length);
/* Takes a head of that length. Returns 0, or the status to refuse it with: 400 or 405. */
int request_parse(struct request *request, const char *data, size_t length);
/* Calls `each` with every field line, without its line end. */
void request_each_field(const struct request *request, void (*each)(void *, const char *), void *owner);
void request_free(struct request *request);

#endif
