/* Between a program's look-up and its connect(). A name that a rule may tunnel is not looked up here: the
 * program gets a stand-in for it, by asking libc for the stand-in as a numeric host, and connect() turns that
 * back into the name. */
#ifndef PTUNNEL_WAY_H
#define PTUNNEL_WAY_H

#include <ptunnel/endpoint.h>

#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>

enum lookup_way {
    LOOKUP_REAL,     /* libc's answer, untouched */
    LOOKUP_REMEMBER, /* libc's answer, and connect() is to know which name its addresses belong to */
    LOOKUP_STAND_IN,
    LOOKUP_NO_NAME, /* no proxy can be asked for such a name, and it may not be looked up here: not found */
};

/* How a name is looked up that will be used with this port, or, 0, with any. Leaves errno alone. */
enum lookup_way lookup_way(const char *name, uint16_t port);

/* The same for getaddrinfo(3), which may be told the port and that a number is wanted. */
enum lookup_way lookup_way_hinted(const char *name, const char *service, const struct addrinfo *hints);

/* The port that a service argument says in digits, or 0: of a named one connect() will tell. */
uint16_t lookup_port(const char *service);

enum { LOOKUP_TEXT_SIZE = INET6_ADDRSTRLEN };

/* The stand-in of a name as a numeric host; IPv4 but for AF_INET6. False: all are in use. */
bool lookup_stand_in(const char *name, int family, char *text);

/* The name as it is given back: without the dot that may end it. `out` has ENDPOINT_HOST_MAX + 1 bytes. */
void lookup_plain_name(const char *name, char *out);

void lookup_remember(const struct endpoint *answer, const char *name);

enum lookup_back {
    LOOKUP_BACK_REAL, /* libc's business */
    LOOKUP_BACK_NAME, /* the name that was looked up is known */
    LOOKUP_BACK_NONE, /* it has no name, or none that may be asked for here */
};

/* How an address is turned into a name, which is then put into `name` (ENDPOINT_HOST_MAX + 1 bytes). */
enum lookup_back lookup_back(const struct sockaddr *address, socklen_t size, char *name);

enum lookup_meaning {
    LOOKUP_ADDRESS, /* what it says */
    LOOKUP_ANSWER,  /* an address that was looked up here for a name: the name now stands in the endpoint */
    LOOKUP_NAME,    /* a stand-in: the name that it means now stands in the endpoint */
    LOOKUP_NOTHING, /* a stand-in that means no name (logged): EHOSTUNREACH, it never leaves the machine */
};

/* What the target of a connect() means. Where that is a name, it takes the place of the address in `target`;
 * the port stays. Async-signal-safe once the configuration has been read. */
enum lookup_meaning lookup_meaning(struct endpoint *target);

/* For all that is not TCP: true if nothing may go there, because it is a stand-in, or a resolver that
 * `resolvers refuse` closes. Logged; the answer is ENETUNREACH. */
bool lookup_unreachable(int fd, const struct sockaddr *address, socklen_t size);

bool lookup_resolvers_refused(void);

/* The look-ups of <netdb.h> whose way is not LOOKUP_REAL; arguments and results as in section 3 of the
 * manual. */
int lookup_getaddrinfo(enum lookup_way way, const char *node, const char *service,
                       const struct addrinfo *hints, struct addrinfo **result);
/* True if one of the requests is not libc's business. Those are answered at once, the others are left to
 * libc. */
bool lookup_list_wanted(struct gaicb *const list[], int count);
int lookup_getaddrinfo_a(int mode, struct gaicb *const list[], int count, struct sigevent *event);
int lookup_getnameinfo(enum lookup_back way, const char *name, const struct sockaddr *address, socklen_t size,
                       char *host, socklen_t host_size, char *service, socklen_t service_size, int flags);

#endif
