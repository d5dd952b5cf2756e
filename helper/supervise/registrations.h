/* Which sets of epoll(7) hold sockets that may have to be replaced there, see takeover.h. The kernel does not tell
 * without printing the whole set, so that epoll_ctl() is watched; the kernel serves it. */
#ifndef PTUNNEL_REGISTRATIONS_H
#define PTUNNEL_REGISTRATIONS_H

#include "notify.h"

struct supervisor;

/* An epoll_ctl() about `fd`, a TCP socket; it is still to be passed. */
void registrations_watch(struct supervisor *s, const struct notice *notice, int fd);

#endif
