/* Descriptors that a message carries to another process, or brought from one (SCM_RIGHTS, unix(7)). */
#ifndef PTUNNEL_RIGHTS_H
#define PTUNNEL_RIGHTS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Calls visit for each; false if it said so of one, and the others were not visited. A message that the kernel refuses
 * has none. */
bool rights_each(const struct msghdr *message, bool (*visit)(int fd, void *data), void *data);

#endif
