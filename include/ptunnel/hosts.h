/* /etc/hosts (hosts(5)): what this machine knows of a name without asking anybody. Read for each question, in
 * pieces: nothing is kept, mapped or allocated, since the file may change, or be cut off, at any time. */
#ifndef PTUNNEL_HOSTS_H
#define PTUNNEL_HOSTS_H

#include <ptunnel/addresses.h>

#define HOSTS_FILE "/etc/hosts"

/* The addresses that the file gives to a name, an alias or not, in the file's order and each once. False: none, or it
 * cannot be read. net is asked for close() alone. Leaves errno undefined. While the file is open neither a signal
 * handler that jumps away nor cancellation may end the call: it would stay open. */
bool hosts_find(struct addresses *out, const char *name, const char *path, const struct net *net);

/* Whether one of them is loopback's or the unspecified one: the name is this machine's, or that of nobody. */
bool hosts_mean_this_machine(const struct addresses *found);

/* Makes the target the first of the addresses that is of this family, or, without one, the first; the port stays. */
void hosts_take(const struct addresses *found, int family, struct endpoint *target);

#endif
