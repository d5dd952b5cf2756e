/* Whom the rows connect to: ports on loopback, by name, of the family that the options say. */
#ifndef READINESS_ADDRESSES_H
#define READINESS_ADDRESSES_H

#include <sys/socket.h>

int port_named(const char *name); /* in PORTS */
socklen_t loopback(int port, struct sockaddr_storage *out);
int tcp_socket(void); /* non-blocking, closed on exec */

#endif
