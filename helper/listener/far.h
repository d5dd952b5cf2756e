/* The socket of a tunnel's far side. */
#ifndef PTUNNEL_FAR_H
#define PTUNNEL_FAR_H

#include <ptunnel/route.h>

/* The family of a socket that can reach every proxy of the route and, with `direct`, the target itself. */
int far_family(const struct route *route, const struct endpoint *target, bool direct);

/* TCP keep-alive for a connection of either side, with the time of far_set_keepalive(). */
void far_keep_alive(int fd);
/* Seconds of silence after which the kernel asks whether the peer is there; 0: as the machine has it. */
void far_set_keepalive(int seconds);

int far_socket(int family); /* non-blocking, close-on-exec; or a negative errno */

#endif
