/* Which way a program's look-up goes. */
#ifndef PTUNNEL_WAY_H
#define PTUNNEL_WAY_H

#include <ptunnel/endpoint.h>
#include <ptunnel/name_way.h>

#include <netdb.h>
#include <stdint.h>

/* How a name is looked up that will be used with this port, or, 0, with any. Leaves errno alone. */
enum way way_of(const char *name, uint16_t port);

/* The same where addresses of a family are wanted, or, AF_UNSPEC, of any, as /etc/hosts may have them: what would get a
 * stand-in, and is found there, is libc's business, if the addresses are this machine's or no rule speaks of the name. */
enum way way_of_family(const char *name, uint16_t port, int family);

/* The same for getaddrinfo(3), which may be told the port and that a number is wanted. */
enum way way_of_hinted(const char *name, const char *service, const struct addrinfo *hints);

/* A name that a stand-in means becomes the address that /etc/hosts gives it, preferably of the family, if no rule
 * speaks of it at this port: it was given a stand-in because of one for others. Leaves errno undefined. */
void way_by_file(struct endpoint *target, int family);

#endif
