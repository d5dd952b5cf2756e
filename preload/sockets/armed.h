/* What the kernel holds for a registration, from /proc/self/fdinfo (proc_pid_fdinfo(5)), the only place that
 * tells: whether a one-shot registration has fired, which disarms it, and its data, which another process may
 * have changed. */
#ifndef PTUNNEL_ARMED_H
#define PTUNNEL_ARMED_H

#include <stdbool.h>
#include <stdint.h>

struct armed {
    bool known; /* false: without /proc, or a descriptor to open it; nothing else is set then */
    bool fired; /* disarmed */
    bool ours;  /* the upper half of its data is the one that was asked for */
};

/* At the first read(2) the kernel writes the lines of the whole set: so not for large sets, and never under a
 * lock. Changes errno. */
struct armed armed_look(int set, int fd, uint32_t upper);

#endif
