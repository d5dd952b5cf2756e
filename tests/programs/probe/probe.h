/* probe: everything a program can observe of connect() on a blocking socket, a row for each promise, a line
 * for each observation. The output is the same natively and through a proxy that behaves like the targets. */
#ifndef PROBE_H
#define PROBE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

struct row {
    const char *name;
    void (*run)(void);
};

/* Each ends with a row without a name. */
extern const struct row result_rows[], address_rows[], option_rows[], descriptor_rows[], peer_rows[],
    wait_rows[], signal_rows[], thread_rows[], process_rows[], call_rows[];

extern struct mode {
    int family;          /* AF_INET, AF_INET6 */
    bool mapped;         /* AF_INET6, and all addresses are mapped IPv4 ones */
    int protocol;        /* 0, IPPROTO_MPTCP */
    uint16_t timing_out; /* the port at which connections time out; 0: there is none */
    bool no_route;       /* none to 203.0.113.7 and 2001:db8::7 */
} mode;

struct address {
    struct sockaddr_storage at;
    socklen_t size;
};

/* A line of the running row. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void under(const char *heading); /* of the lines that follow; NULL: none */
_Noreturn void fail(const char *what);

/* The world. Ports are the kernel's choice, so that they are never printed. */
int tcp(void);
int tcp_at(int fd); /* the same with this number */
struct address host(const char *four, const char *six, uint16_t port);
struct address loopback(uint16_t port);
struct address address_of(int fd); /* getsockname() */
uint16_t port_of(const struct address *address);
void set_port(struct address *address, uint16_t port);

int listener(void);            /* listens on loopback */
int full_listener(void);       /* its queue is full: who connects waits, until it is drained */
void drain(int listening);     /* who waits gets in with the next SYN, a second after the first */
struct address refusing(void); /* nobody listens, nobody will */

/* Observations. */
const char *error_name(int error);
const char *outcome(ssize_t result);             /* "0", "5" or errno's name */
const char *poll_bits(int fd, int milliseconds); /* "OUT HUP" */
const char *
connected(int fd, const struct address *to); /* connect(2): its outcome, and errno if success changed it */
int option(int fd, int level, int name);
const char *peer_is(int fd, const struct address *target); /* "target", or what else getpeername(2) says */
void say_state(int fd, const char *what);                  /* all that can be asked of a socket */
void say_exchange(int fd, int listening);                  /* accepts, and bytes go both ways */
void say_open(int fd, int listening, const struct address *target);
const char *elapsed(int64_t since, int expected); /* "in time", or the milliseconds */
int64_t now_ms(void);

/* Signals. */
extern volatile int handled; /* how often the handler ran */
void handle(int number, int flags);
void alarm_in(
    int milliseconds); /* or as soon as the row sleeps after that: in the call that it is to interrupt */

/* A child of fork(2), and its exit status said if it is not 0. */
void in_child(void (*act)(void));

#endif
