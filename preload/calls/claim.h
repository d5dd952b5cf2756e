/* Which of a program's connect() calls are ours. */
#ifndef PTUNNEL_CLAIM_H
#define PTUNNEL_CLAIM_H

#include "../names/stand_in.h"

#include <ptunnel/config.h>
#include <ptunnel/endpoint.h>

#include <stdbool.h>
#include <sys/socket.h>

struct claim {
    int fd;
    int family; /* of the address that the program gave: the socket's own, or the kernel will say so */
    struct endpoint asked;  /* that address */
    struct endpoint target; /* what it means */
    enum meaning meaning;
    int error;    /* the answer, where no connection is to be made; else 0 */
    bool closed;  /* kind_is_closed_tcp() has said so already: the caller's to set */
    bool at_once; /* connect(2) is not to wait, even if the socket blocks: the caller's to set */
    struct decision decision;
};

/* True if connect(fd, address, size) is not the kernel's business: a TCP or MPTCP socket, or one that does not tell
 * (EACCES), and a target that is not to be reached directly, or an address that must never leave the machine. False
 * for all else, errors included: the kernel words them best. */
bool claim_connect(struct claim *out, int fd, const struct sockaddr *address, socklen_t size);

#endif
