/* Who the user is, as far as processes that share the map of names must agree on it. */
#ifndef PTUNNEL_USER_H
#define PTUNNEL_USER_H

#include <ptunnel/hash.h>
#include <ptunnel/net.h>

#include <sys/types.h>

/* geteuid(2) as it is outside of the process's user namespace (user_namespaces(7), "Interaction with uid_map"): who is root
 * in one of his own (unshare -rU, podman) is still the same user, and not root. net is asked for read() and close(). */
uid_t user_number(const struct net *net);

/* A key that all processes of the user have and no web page knows: the machine's boot_id (random(4)) and the number above. */
struct hash_key user_key(const struct net *net);

#endif
