/* The body of a reply that nobody wants to read, sans-I/O: where it ends, so that the connection can be used
 * again (RFC 9112 6.3, 7.1). */
#ifndef PTUNNEL_BODY_H
#define PTUNNEL_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BODY_MOST = 1024 * 1024 }; /* bytes: opening another connection is cheaper than skipping more */

/*   FIELDS --empty line--> PLAIN --length bytes--> DONE
 *                     `--> SIZE --> PLAIN --> BEHIND --> SIZE ..., and with size 0 --> TRAILER --> DONE
 *   LOST: it ends with the connection, is too long, or is not as it should be; the connection is of no use */
enum body_state {
    BODY_FIELDS,
    BODY_SIZE,    /* in the line of a chunk's size: its digits */
    BODY_REST,    /* in what stands behind them */
    BODY_PLAIN,   /* in bytes of content, .left of them */
    BODY_BEHIND,  /* in the line end behind a chunk */
    BODY_TRAILER, /* in a line behind the last chunk, of which .line bytes were read */
    BODY_DONE,
    BODY_LOST,
};

struct body {
    enum body_state state;
    bool old;    /* HTTP/1.0 */
    bool closes; /* the proxy closes the connection behind it */
    bool has_length, chunked, other_coding, keep_alive;
    uint32_t left;
    uint32_t taken; /* of BODY_MOST */
    uint16_t line;
};

void body_start(struct body *body, bool http_1_0);

/* A header field of the reply, "Name: value"; all but those that speak of the body are ignored. */
void body_field(struct body *body, const char *line, size_t size);

/* All fields were given. */
void body_begin(struct body *body);

/* Takes bytes of the body. Returns how many belong to it. */
size_t body_feed(struct body *body, const char *bytes, size_t size);

/* So many bytes at least are content that can be dropped unseen, and then given to body_dropped(). */
size_t body_droppable(const struct body *body);
void body_dropped(struct body *body, size_t size);

#endif
