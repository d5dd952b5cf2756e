/* A connection of the stress test, and what must be true of it whatever was done to it: every byte that comes is compared, and what
 * ends, or fails to, without a reason is a fault. */
#ifndef STRESS_LINE_H
#define STRESS_LINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <netinet/in.h>

enum { GOOD_PORTS = 8, PORTS = 14, HANGS = 14 }; /* targets are ports from 1 on: those up to GOOD_PORTS open */

enum line_state {
    LINE_IDLE,       /* not connected, or no more */
    LINE_CONNECTING, /* connect() said that it goes on */
    LINE_OPEN,
    LINE_BROKEN, /* it was shut down, or broke: any answer will do, but for wrong bytes */
};

/* Descriptors that are duplicates share one. */
struct line {
    unsigned references;
    enum line_state state;
    bool blocking;
    bool unsure; /* which connection it is is not known, so nothing is compared */
    bool shut;   /* shutdown(2) lasts until AF_UNSPEC: what is connected then is born shut down, or EINVAL */
    int family;
    unsigned number, port;
    uint64_t sent, received;
};

extern atomic_uint line_faults, line_connects, line_opened;
extern atomic_ullong line_compared;

/* A fault, in a line of its own; errno-like `error` 0: none. */
void line_fault(const struct line *line, const char *what, int error);

void line_begin(struct line *line, unsigned port); /* a new connection, CONNECTING */
void line_open(struct line *line);
void line_end(struct line *line, enum line_state state);

/* Bytes to send next; what was received, compared. */
void line_fill(const struct line *line, unsigned char *bytes, size_t size);
void line_check(struct line *line, const unsigned char *bytes, size_t size);

/* What connect(2) to `port` said, -1 and errno or 0; true of failures that were to be expected. */
void line_connected(struct line *line, unsigned port, int result, int error);

/* The error that SO_ERROR or another call told. */
void line_failed(struct line *line, const char *call, int error);

/* getpeername(2) must tell what was asked for. */
void line_check_peer(const struct line *line, int fd);

/* Where to connect to. line_native_port: the target itself is there; 0: through a proxy. */
extern unsigned line_native_port;
socklen_t line_address(int family, unsigned port, struct sockaddr_storage *out);

/* The target: greets, then says again what it hears; forever. Prints its port. */
int line_serve(void);

#endif
