/* Between a program's look-up and its connect(): a stand-in address for a name, and back. */
#ifndef PTUNNEL_STAND_IN_H
#define PTUNNEL_STAND_IN_H

#include <ptunnel/endpoint.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

enum { STAND_IN_TEXT_SIZE = INET6_ADDRSTRLEN };

/* The stand-in of a name as a numeric host; IPv4 but for AF_INET6. False: all are in use. */
bool stand_in_text(const char *name, int family, char *text);

/* The stand-ins of a name as addresses. False: all are in use. */
bool stand_in_addresses(const char *name, struct in6_addr *v4, struct in6_addr *v6);

/* The name as it is given back: without the dot that may end it. `out` has ENDPOINT_HOST_MAX + 1 bytes. */
void stand_in_plain_name(const char *name, char *out);

/* A helper that is forked may look a name up for its parent (as Chromium's, postfix's and many others do). Where nobody can write
 * the file that all share, both get memory that they share; the first call of a process decides. */
void stand_in_before_fork(void);

void stand_in_remember(const struct endpoint *answer, const char *name);

enum back {
    BACK_REAL, /* libc's business */
    BACK_NAME, /* the name that was looked up is known */
    BACK_NONE, /* it has no name, or none that may be asked for here */
};

/* How an address is turned into a name, which is then put into `name` (ENDPOINT_HOST_MAX + 1 bytes). */
enum back stand_in_back(const struct sockaddr *address, socklen_t size, char *name);

enum meaning {
    MEANS_ADDRESS, /* what it says */
    MEANS_ANSWER,  /* an address that was looked up here for a name: the name now stands in the endpoint */
    MEANS_NAME,    /* a stand-in: the name that it means now stands in the endpoint */
    MEANS_NOTHING, /* a stand-in that means no name (logged): EHOSTUNREACH, it never leaves the machine */
};

/* What the target of a connect() means. Where that is a name, it takes the place of the address in `target`;
 * the port stays. Async-signal-safe once the configuration has been read. */
enum meaning stand_in_meaning(struct endpoint *target);

/* For all that is not TCP: true if nothing may go there, because it is a stand-in, or a resolver that
 * `resolvers refuse` closes. Logged; the answer is ENETUNREACH. */
bool stand_in_unreachable(int fd, const struct sockaddr *address, socklen_t size);

bool stand_in_resolvers_refused(void);

#endif
