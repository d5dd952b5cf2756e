/* The addresses of a name. */
#ifndef PTUNNEL_ADDRESSES_H
#define PTUNNEL_ADDRESSES_H

#include <ptunnel/endpoint.h>
#include <ptunnel/net.h>

enum { ADDRESSES_MOST = 8 };

/* As the resolver ordered them; those beyond ADDRESSES_MOST are left out. */
struct addresses {
    size_t count;
    struct {
        struct in6_addr address; /* IPv4 as ::ffff:a.b.c.d */
        uint32_t scope;
    } at[ADDRESSES_MOST];
};

/* The endpoint's own address, or what getaddrinfo(3) says of its name, which may take as long as that takes.
 * False: it does not resolve, *out is empty; otherwise it has at least one. Leaves errno undefined. */
bool addresses_find(struct addresses *out, const struct endpoint *endpoint, const struct net *net);

#endif
