/* From a program's connect() to a tunnel on the program's own socket. */
#ifndef PTUNNEL_CONNECT_H
#define PTUNNEL_CONNECT_H

#include "../names/way.h"

#include <ptunnel/config.h>
#include <ptunnel/endpoint.h>

#include <stdbool.h>
#include <sys/socket.h>

struct tunnel {
    int fd;
    int family; /* of the address that the program gave: the socket's own, or the kernel will say so */
    struct endpoint asked;  /* that address */
    struct endpoint target; /* what it means */
    enum lookup_meaning meaning;
    int error; /* the answer, where no connection is to be made; else 0 */
    struct decision decision;
};

/* A connect() on a socket that is pending, failed or an open tunnel, or one that dissolves an association:
 * *result is then what it returns (0 or a negative errno). False: it is a connect() like any other. */
bool tunnel_again(int fd, const struct sockaddr *address, socklen_t size, int *result);

/* True if connect(fd, address, size) is not the kernel's business: a TCP or MPTCP socket and a target that is
 * not to be reached directly, or an address that must never leave the machine. False for all else, errors
 * included: the kernel words them best. */
bool tunnel_wanted(struct tunnel *out, int fd, const struct sockaddr *address, socklen_t size);

/* What the kernel said to a connect() that was its business, on its way back to the program. */
int tunnel_direct(int fd, int result);

/* connect(2) for such a target: 0, or a negative errno with the socket as the kernel leaves it after that
 * errno. */
int tunnel_connect(const struct tunnel *tunnel);

#endif
