/* Whether a registration is armed. The kernel disarms a one-shot one that has fired, and tells of it nowhere
 * but in /proc/self/fdinfo (proc_pid_fdinfo(5)). */
#ifndef PTUNNEL_ARMED_H
#define PTUNNEL_ARMED_H

#include <stdbool.h>

/* True where the kernel does not say otherwise: without /proc, or a descriptor to open it. Changes errno. */
bool armed(int set, int fd);

#endif
