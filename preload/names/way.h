/* Which way a program's look-up goes. A name that a rule may tunnel is not looked up here. */
#ifndef PTUNNEL_WAY_H
#define PTUNNEL_WAY_H

#include <netdb.h>
#include <stdint.h>

enum way {
    WAY_REAL,     /* libc's answer, untouched */
    WAY_REMEMBER, /* libc's answer, and connect() is to know which name its addresses belong to */
    WAY_STAND_IN,
    WAY_NO_NAME, /* no proxy can be asked for such a name, and it may not be looked up here: not found */
};

/* How a name is looked up that will be used with this port, or, 0, with any. Leaves errno alone. */
enum way way_of(const char *name, uint16_t port);

/* The same for getaddrinfo(3), which may be told the port and that a number is wanted. */
enum way way_of_hinted(const char *name, const char *service, const struct addrinfo *hints);

/* The port that a service argument says in digits, or 0: of a named one connect() will tell. */
uint16_t way_port(const char *service);

#endif
