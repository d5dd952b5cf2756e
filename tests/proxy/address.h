#ifndef PROXY_ADDRESS_H
#define PROXY_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT = 64, ADDRESSES_MOST = 8 };

struct address {
    struct sockaddr_storage name;
    socklen_t length;
};

struct addresses {
    struct address list[ADDRESSES_MOST];
    size_t count;
};

/* "HOST:PORT" with a port from `least_port` to 65535; an IPv6 address is in brackets, and only that. */
bool address_valid(const char *text, int least_port);
/* The same, or "unix:PATH", looked up (this can block). False: no such name, or a path that is too long. */
bool address_resolve(struct addresses *out, const char *text);
void address_print(char out[ADDRESS_TEXT], const struct address *address); /* an IPv4 or IPv6 one */

#endif
