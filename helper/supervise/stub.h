/* The resolver that supervised programs speak with, whichever they mean to: on loopback, over UDP. A name that is
 * not to be looked up here is answered with its stand-in, from the map that the library uses, too; everything else
 * is handed on to the resolver that the program asked. */
#ifndef PTUNNEL_STUB_H
#define PTUNNEL_STUB_H

#include "sockets.h"
#include "../relay/loop.h"

struct supervisor;

enum { STUB_SERVERS = 255, STUB_FORWARDS = 64, STUB_PORTS = 65536 };

/* A query on its way to the resolver. */
struct forward {
    struct watch watch;
    struct supervisor *s;
    int fd; /* -1: unused */
    int stub;
    union address client;
    int64_t since;
};

struct stub {
    struct watch v4_watch, v6_watch;
    int v4, v6; /* 0: not made yet; -1: there is no such address */
    union address v4_at, v6_at;
    union address servers[STUB_SERVERS + 1]; /* from 1 */
    unsigned next_server;
    /* By the asking socket's port: */
    unsigned char server_of[STUB_PORTS];
    unsigned char config_of[STUB_PORTS]; /* see configs.h */
    struct forward forwards[STUB_FORWARDS];
};

/* Where a socket that asks `server` is to ask instead, as an address of the server's form. False: there is no
 * loopback to listen on. */
bool stub_address(struct supervisor *s, const union address *server, union address *out);

/* `fd`, which has asked or is about to, means this resolver; s->config is that of its process. */
void stub_note(struct supervisor *s, int fd, const union address *server);

bool stub_is(const struct supervisor *s, const union address *address); /* it is the stub's own */

#endif
