#include "addresses.h"
#include "look.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int port_named(const char *name)
{
    size_t size = strlen(name);

    for (const char *at = options.ports; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, size) == 0 && at[size] == '=')
            return atoi(at + size + 1);
    fprintf(stderr, "readiness: no port '%s' in '%s'\n", name, options.ports);
    exit(2);
}

socklen_t loopback(int port, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    if (options.family == AF_INET) {
        *four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof *four;
    }
    *six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
    inet_pton(AF_INET6, options.mapped ? "::ffff:127.0.0.1" : "::1", &six->sin6_addr);
    return sizeof *six;
}

int tcp_socket(void)
{
    int fd =
        socket(options.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, options.mptcp ? IPPROTO_MPTCP : 0);

    if (fd < 0)
        fail("socket");
    return fd;
}
