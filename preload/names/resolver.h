/* The resolver(3) calls: for a name that is tunnelled there is no data, since asking would look it up here,
 * and no proxy answers such questions. That goes for its services (_http._tcp.example.org) too. */
#ifndef PTUNNEL_RESOLVER_H
#define PTUNNEL_RESOLVER_H

#include <resolv.h>
#include <stdbool.h>

/* True if the question may not be asked; the answer is -1, and h_errno and the state's say why. Domain and
 * state may be NULL. */
bool resolver_refuses(const char *name, const char *domain, res_state state);

/* Whether a question about this name, or about a service of it, may not be asked. */
bool resolver_is_closed(const char *name);

/* The same for a query that the program made itself: ECONNREFUSED, as if nobody listened. */
bool resolver_refuses_query(const unsigned char *query, int size);

#endif
