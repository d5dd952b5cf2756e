/* What a user names as a target of --check and --explain: HOST, HOST:PORT, HOST:PORT,PORT,... or a URL, as it
 * stands in a browser or in a program's configuration. */
#ifndef PTUNNEL_TARGET_H
#define PTUNNEL_TARGET_H

#include <ptunnel/endpoint.h>

enum { TARGET_PORTS_MOST = 64 };

struct target {
    struct endpoint at; /* with the first port */
    bool has_port;      /* false: .at.port is the one that was asked for */
    size_t count;       /* of the ports of a list, 1 if there is none */
    uint16_t ports[TARGET_PORTS_MOST];
};

/* Takes it apart. Of a URL its host and port count, without a port that of the scheme. Returns NULL, or what is
 * wrong as a phrase; *out is then undefined. */
const char *target_parse(struct target *out, const char *words, uint16_t port_if_none);

#endif
