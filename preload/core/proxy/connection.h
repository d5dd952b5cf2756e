/* connect(2) for a dial: in which order of addresses, and with what done to the socket. */
#ifndef PTUNNEL_CONNECTION_H
#define PTUNNEL_CONNECTION_H

#include <ptunnel/dial.h>

/* The next address that the socket can be connected to, at or behind *number, in order of preference; *number
 * is then one further. */
bool connection_find_address(const struct dial *dial, const struct addresses *list, unsigned *number,
                             struct endpoint *out);

/* connect(2) to a literal, an address of the proxy: 0 or a positive errno. */
int connection_to_proxy(struct dial *dial, const struct endpoint *to);

/* The same without a proxy, to the first of the target's addresses that the kernel does not refuse at
 * once. */
int connection_to_target(struct dial *dial);

/* Whether the connected socket is so by the dial's last connect(2): in other hands it may not have been made yet, on a
 * socket that the program had connected before. */
bool connection_is_ours(const struct dial *dial);

/* dial_disconnect(). */
int connection_undo(struct dial *dial);

/* Whether connect(2) has not failed: 0, EINPROGRESS, EINTR. */
bool connection_goes_on(int error);

#endif
