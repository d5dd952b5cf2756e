/* What an operand says: where to listen, and where whoever connects there wants to go. */
#ifndef PTUNNEL_SPECIFICATION_H
#define PTUNNEL_SPECIFICATION_H

#include <ptunnel/endpoint.h>

#include <stdint.h>
#include <sys/un.h>

enum listen_kind {
    LISTEN_DEFAULT, /* on the addresses of -l */
    LISTEN_ALL,     /* `*`, or an empty address: on every address of the machine */
    LISTEN_HOST,
    LISTEN_PATH,
};

struct specification {
    enum listen_kind kind;
    uint16_t port; /* 0: any */
    union {
        char host[ENDPOINT_HOST_MAX + 1]; /* a name or a literal without brackets */
        char path[sizeof(struct sockaddr_un) - sizeof(sa_family_t)]; /* ends in NUL */
    };
    struct endpoint target;
};

/* `[ADDRESS:]PORT:HOST:PORT` as ssh -L has it, or `/PATH:HOST:PORT`. Returns NULL, or what is wrong as a
 * phrase; *out is then undefined. */
const char *specification_parse(struct specification *out, const char *text);

/* An address of -l: a literal, in brackets or not, a name, or `*`. Result as above. */
const char *specification_set_address(struct specification *out, const char *text, size_t size);

#endif
