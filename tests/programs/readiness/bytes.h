/* Steps that send and receive. */
#ifndef READINESS_BYTES_H
#define READINESS_BYTES_H

#include <sys/types.h>

/* Says something and hears it back: the connection leads to the target. */
void exchange_on(int fd, const char *who);

/* Every call that reads, and every call that writes: each "data", 4 bytes. Both lists end with one without a
 * name. */
struct use {
    const char *name;
    ssize_t (*call)(int fd, char *bytes, size_t size);
};
extern const struct use reading[], writing[];

#endif
