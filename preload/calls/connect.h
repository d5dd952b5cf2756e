/* From a program's connect() to a tunnel on the program's own socket. */
#ifndef PTUNNEL_CONNECT_H
#define PTUNNEL_CONNECT_H

#include "claim.h"

/* connect(2) for such a target: 0, or a negative errno with the socket as the kernel leaves it after that
 * errno. */
int connect_claimed(const struct claim *claim);

/* What the kernel said to a connect() that was its business, on its way back to the program. */
int connect_direct(int fd, int result);

#endif
