/* The calls that the core makes and that the library stands in front of. Core code never makes them by name:
 * in the library that would call our own hook. A helper fills the table with libc's functions, the library
 * with the next definitions behind its own, a unit test with scripted ones. Each entry is the function of its
 * name in section 2 of the manual.
 *
 * What the core's functions do to errno is undefined, unless their header says otherwise. Nor do they take
 * more stack than a signal handler may have, 8 KiB. */
#ifndef PTUNNEL_NET_H
#define PTUNNEL_NET_H

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

struct net {
    int (*connect)(int fd, const struct sockaddr *address, socklen_t size);
    ssize_t (*send)(int fd, const void *bytes, size_t size, int flags);
    ssize_t (*recv)(int fd, void *buffer, size_t size, int flags);
    int (*getpeername)(int fd, struct sockaddr *address, socklen_t *size);
    int (*poll)(struct pollfd *fds, nfds_t count, int milliseconds);
    int (*getsockopt)(int fd, int level, int name, void *value, socklen_t *size);
    int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t size);
    ssize_t (*read)(int fd, void *buffer, size_t size);
    ssize_t (*write)(int fd, const void *bytes, size_t size);
    int (*close)(int fd);
    int (*getaddrinfo)(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **result); /* section 3, as the next */
    void (*freeaddrinfo)(struct addrinfo *list);
};

#endif
