#ifndef PROXY_DIAL_H
#define PROXY_DIAL_H

#include "address.h"

/* A non-blocking connection to a target, whose addresses are tried in turn. */
struct dial {
    struct addresses addresses;
    size_t next;
    int error; /* of the last address, 0 = none yet; DIAL_NO_NAME */
};

enum { DIAL_NO_NAME = -1 };

struct dial_failure {
    int status;
    const char *field; /* RFC 9209: tells the client the cause */
};

void dial_prepare(struct dial *dial, const char *target);
/* A socket on its way to the next address: once writable, ask SO_ERROR. -1: none is left, see `error`. */
int dial_next(struct dial *dial);
struct dial_failure dial_failure(int error);

#endif
