/* Tests of the log: each in a child of its own, since the log remembers what descriptor 2 was. The child says
 * in shared memory where it found fault. */
#ifndef UNIT_CHILD_H
#define UNIT_CHILD_H

#include <ptunnel/net.h>

#include <stddef.h>
#include <unistd.h>

extern const struct net child_net;

#define REQUIRE(claim)                                                                                       \
    do {                                                                                                     \
        if (!(claim)) {                                                                                      \
            *child_fault = (struct child_fault){ __FILE__, __LINE__ };                                       \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

extern struct child_fault {
    const char *file;
    int line;
} *child_fault;

void child_run(void (*test)(const void *row), const void *row);

enum kind {
    NONE,
    FILE_KIND,
    SAME_FILE,
    OTHER_FILE,
    PIPE,
    PTY,
    NULL_DEVICE,
    SOCKET,
    CLOSED,
    FULL_PIPE,
    BROKEN_PIPE
};

/* Descriptor 2 becomes this; `ends[0]` shows what is written to it. Files are "log" and "other" in the test's
 * folder. */
void child_stderr(enum kind kind, int ends[2]);

/* What is there to be read now; the writer is this very process, so nothing is waited for. */
size_t child_came(int fd, char *out, size_t room);

#endif
