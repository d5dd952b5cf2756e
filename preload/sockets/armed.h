/* What the kernel holds for a registration. It tells of it nowhere but in /proc/self/fdinfo (proc_pid_fdinfo(5)): whether
 * a one-shot one has fired, which disarms it, and its data, which another process may have changed. */
#ifndef PTUNNEL_ARMED_H
#define PTUNNEL_ARMED_H

#include <stdbool.h>
#include <stdint.h>

struct armed {
    bool known; /* false: without /proc, or a descriptor to open it; nothing else is set then */
    bool fired; /* disarmed */
    bool ours;  /* the upper half of its data is the one that was asked for */
};

/* The kernel writes all of a set at once, whatever is read of it: not for large ones, and never under a lock. Changes
 * errno. */
struct armed armed_look(int set, int fd, uint32_t upper);

#endif
