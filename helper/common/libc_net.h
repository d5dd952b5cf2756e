/* The core's calls, as a program makes them that nobody stands in front of. */
#ifndef PTUNNEL_LIBC_NET_H
#define PTUNNEL_LIBC_NET_H

#include <ptunnel/net.h>

extern const struct net libc_net;

#endif
