/* A host and a port: where a program wants to go, or where a proxy is. */
#ifndef PTUNNEL_ENDPOINT_H
#define PTUNNEL_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    ENDPOINT_HOST_MAX = 253,                            /* RFC 1035 2.3.4, as text without the last dot */
    ENDPOINT_TEXT_SIZE = ENDPOINT_HOST_MAX + 2 + 6 + 1, /* [host]:65535 and NUL */
};

struct endpoint {
    bool literal;                     /* an address; otherwise a name */
    uint16_t port;                    /* host byte order */
    uint32_t scope;                   /* sin6_scope_id of a link-local address */
    struct in6_addr address;          /* if literal; IPv4 is held as ::ffff:a.b.c.d */
    char host[ENDPOINT_HOST_MAX + 1]; /* if a name: letters, digits, '-', '_' and '.' only */
};

/* A literal without the room for a name: for what is kept of each connection. */
struct literal {
    struct in6_addr ip; /* as endpoint.address */
    uint32_t scope;
    uint16_t port; /* host byte order */
};

struct literal endpoint_literal(const struct endpoint *endpoint); /* of one that is literal */
struct endpoint endpoint_of_literal(const struct literal *literal);

/* `host:port`, `[v6]:port`; without a port port_if_none counts, if it is not 0. Returns NULL, or what is
 * wrong as a phrase ("port is not between 1 and 65535"); *out is then undefined. */
const char *endpoint_parse(struct endpoint *out, const char *text, size_t size, uint16_t port_if_none);

/* A host alone: a name, an IPv4 literal, or an IPv6 literal without brackets. Result as above. */
const char *endpoint_set_host(struct endpoint *out, const char *host, size_t size);

/* The port alone: 1 to 65535. Result as above. */
const char *endpoint_set_port(struct endpoint *out, const char *digits, size_t size);

/* The address that connect(2) would use: AF_INET of at least 16 bytes, AF_INET6 of at least 24; false for
 * all else. The unspecified address means loopback, as it does to the kernel. */
bool endpoint_from_sockaddr(struct endpoint *out, const struct sockaddr *address, socklen_t size);

/* The same for an address that a datagram is sent to: to a socket of IPv4 AF_UNSPEC is AF_INET then (udp_sendmsg(),
 * raw_sendmsg() of Linux). */
bool endpoint_from_destination(struct endpoint *out, const struct sockaddr *address, socklen_t size);

/* A literal as a socket of that family takes it; IPv4 on AF_INET6 is mapped. Returns its size; 0 if the
 * family cannot express it. */
socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, int family, struct sockaddr_storage *out);

/* The authority of RFC 9110 7.2: host:port, IPv6 in brackets. out has ENDPOINT_TEXT_SIZE bytes. */
void endpoint_print(const struct endpoint *endpoint, char *out);

/* The host alone, without brackets. out has ENDPOINT_TEXT_SIZE bytes. */
void endpoint_print_host(const struct endpoint *endpoint, char *out);

/* host and port; names without regard to case */
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
bool endpoint_is_v4(const struct endpoint *endpoint);
/* 127/8, ::1, localhost, *.localhost (RFC 6761). */
bool endpoint_is_loopback(const struct endpoint *endpoint);
bool endpoint_is_link_local(const struct endpoint *endpoint); /* 169.254/16, fe80::/10 */

#endif
