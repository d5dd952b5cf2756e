/* Names that stand in an address list whose memory is another library's: it frees the list in its own way, so it must
 * find in it what it put there. The name is lent until freeaddrinfo(3). */
#ifndef PTUNNEL_LENT_H
#define PTUNNEL_LENT_H

#include <netdb.h>
#include <stdbool.h>

/* Puts the name (ENDPOINT_HOST_MAX bytes at most) in the place of the first canonical name, which must not be NULL. Two
 * threads have two lists. False: no memory. */
bool lent_put(struct addrinfo *list, const char *name);

/* Before the list is freed: what stood there, if a name was lent. A load if none ever was. */
void lent_take_back(struct addrinfo *list);

#endif
