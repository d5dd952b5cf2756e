/* The seccomp filter of a supervised command: which calls wait for the supervisor's answer, which do not exist,
 * and which, nearly all, the kernel serves without a detour. */
#ifndef PTUNNEL_FILTER_H
#define PTUNNEL_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

enum { FILTER_MOST = 128 };

/* Writes the filter; returns how many instructions it has, 0 where this machine's calls are not known. `strict`: for a
 * command in a network of its own, where no socket is ever replaced, and which has no sockets that know other ways out. */
size_t filter_write(struct sock_filter out[FILTER_MOST], bool strict);

/* Puts this process under the filter. Returns the listener, or a negative errno: -EBUSY if there is a listener
 * in this tree already, -EINVAL before Linux 5.0. No privileges are gained from here on, whatever is run. */
int filter_install(bool strict);

#endif
