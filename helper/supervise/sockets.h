/* What is known of the programs' sockets, by SO_COOKIE: that is the same for all duplicates of one, in whatever
 * process, and is never used again. Nobody tells when a socket is gone; so of those with nothing under way only
 * so many are remembered, the last ones. */
#ifndef PTUNNEL_SOCKETS_H
#define PTUNNEL_SOCKETS_H

#include "../relay/list.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

enum socket_state {
    SOCKET_IDLE,
    SOCKET_HELD,   /* blocking: a thread is connecting it, see hold.h */
    SOCKET_GATED,  /* not blocking: it waits at the gate, see gate.h */
    SOCKET_FAILED, /* .error has not been told yet */
};

/* A socket's place in a set of epoll(7): the numbers that a process had for both. */
struct registration {
    int set, number;
    struct epoll_event event;
};

enum { REGISTRATIONS_MOST = 4 };

struct gate;
struct hold;

struct known {
    struct link link; /* all, the one used last at the end */
    struct known *next;
    uint64_t cookie;
    enum socket_state state;
    int error; /* positive */
    struct gate *gate;
    struct hold *hold;
    bool zero_due; /* the tunnel opened while nobody waited for it: the next connect() says 0 */
    bool refused;  /* of SOCKET_FAILED: the kernel has an error of its own on it */
    bool mapped;   /* an IPv6 socket that was connected to an IPv4 address: see dial_disconnect() */
    bool registrations_lost;
    unsigned registration_count;
    struct registration registrations[REGISTRATIONS_MOST];
    union address asked;  /* what the program connected to; any.sa_family 0: nothing */
    union address server; /* the resolver that the program believes to speak with; likewise */
};

enum { SOCKETS_BUCKETS = 4096, SOCKETS_MOST = 4096 };

struct sockets {
    struct known *buckets[SOCKETS_BUCKETS];
    struct link all;
    unsigned count;
    bool forgot_registrations; /* of a socket that nothing was known of any more */
};

void sockets_start(struct sockets *sockets);
struct known *sockets_find(struct sockets *sockets, uint64_t cookie); /* NULL: nothing is known */
struct known *sockets_make(struct sockets *sockets, uint64_t cookie); /* found or new; NULL: no memory */

/* Of a descriptor of ours. */
uint64_t socket_cookie(int fd);                 /* 0: it is no socket */
int socket_option(int fd, int level, int name); /* -1: it has no such option */
bool socket_blocks(int fd);
socklen_t socket_address_size(const union address *address); /* 0: there is none */

/* connect(2); 0 or a positive errno. */
int socket_connect(int fd, const void *address, socklen_t size);

/* Begins a connection without waiting for its end, whether or not the socket blocks. EINPROGRESS, EOPNOTSUPP where
 * the kernel cannot, or another positive errno. */
int socket_begin_connect(int fd, const void *address, socklen_t size);

/* To an address where nobody can listen, without waiting: the socket is then as one that was refused. */
void socket_refuse(int fd, bool mapped);

/* connect(AF_UNSPEC), and no error left: as a socket on which connect() waited and failed. */
void socket_take_back(int fd);

/* What another connect() on a connected socket says, to whatever address: 0 once, then EISCONN. ECONNABORTED: it is
 * not connected, and stays so. */
int socket_connect_again(int fd);

bool socket_is_unconnected(int fd); /* nor connecting, nor listening */
bool socket_is_connecting(int fd);

/* Undoes that an IPv6 socket was connected to an IPv4 address. */
void socket_unmap(int fd);

#endif
