/* struct net with libc's own functions, for the helpers. */
#ifndef PTUNNEL_LIBC_NET_H
#define PTUNNEL_LIBC_NET_H

#include <ptunnel/net.h>

extern const struct net libc_net;

#endif
