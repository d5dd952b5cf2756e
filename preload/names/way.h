/* Which way a program's look-up goes. */
#ifndef PTUNNEL_WAY_H
#define PTUNNEL_WAY_H

#include <ptunnel/name_way.h>

#include <netdb.h>
#include <stdint.h>

/* How a name is looked up that will be used with this port, or, 0, with any. Leaves errno alone. */
enum way way_of(const char *name, uint16_t port);

/* The same for getaddrinfo(3), which may be told the port and that a number is wanted. */
enum way way_of_hinted(const char *name, const char *service, const struct addrinfo *hints);

/* The port that a service argument says in digits, or 0: of a named one connect() will tell. */
uint16_t way_port(const char *service);

#endif
