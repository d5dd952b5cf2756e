/* Sockets that listen where a specification says. */
#ifndef PTUNNEL_BOUND_H
#define PTUNNEL_BOUND_H

#include "specification.h"

#include <ptunnel/text.h>

struct bound {
    int fd;
    bool any_port; /* the kernel chose it */
    bool is_path;
    bool beyond;                            /* others than this machine can connect */
    char where[sizeof(struct sockaddr_un)]; /* "127.0.0.1:9993", "[::1]:9993" or the path */
};

enum { BOUND_MOST = 16 };

/* Listens on each address that the specification stands for; .kind is not LISTEN_DEFAULT. Returns how many;
 * -1 if one of them cannot be had: `wrong` says why, and none listens. */
int bound_open(struct bound out[BOUND_MOST], const struct specification *specification, struct text *wrong);

/* Closes it; a path is removed from the file system, too. */
void bound_close(struct bound *bound);

#endif
