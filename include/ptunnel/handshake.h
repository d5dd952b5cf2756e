/* One CONNECT, sans-I/O: yields the request's bytes, is given the reply's.
 *
 *   STATUS --2xx--> FIELDS --empty line--> OPEN
 *     ^  `--1xx--> FIELDS --empty line--> STATUS
 *     `--others--> FIELDS --empty line--> REFUSED <-- not HTTP, a NUL, more than 64 KiB (from any state)
 */
#ifndef PTUNNEL_HANDSHAKE_H
#define PTUNNEL_HANDSHAKE_H

#include <ptunnel/endpoint.h>
#include <ptunnel/proxy.h>
#include <ptunnel/reply.h>

#include <stddef.h>
#include <stdint.h>

enum {
    HANDSHAKE_REQUEST_SIZE = 2 * ENDPOINT_TEXT_SIZE + PROXY_FIELDS_SIZE + 64,
    HANDSHAKE_HEAD_MOST = 64 * 1024, /* bytes of all heads, 1xx included */
};

enum handshake_state {
    HANDSHAKE_STATUS,  /* in a status line */
    HANDSHAKE_FIELDS,  /* in the header fields behind it */
    HANDSHAKE_OPEN,    /* 2xx: the next byte is the target's */
    HANDSHAKE_REFUSED, /* reply_error() of .reply says how */
};

struct handshake {
    enum handshake_state state;
    struct reply reply;
    uint32_t head_size; /* bytes taken so far */
    uint16_t line_size;
    char line[256]; /* of a longer line the beginning: no more is needed of any */
};

/* The request of RFC 9110 9.3.6 for an authority as endpoint_print() writes it, always the same for the same
 * arguments: whoever sent a part of it lets it be written again for the rest. Returns its size; out has
 * HANDSHAKE_REQUEST_SIZE bytes. */
size_t handshake_request(char *out, const char *authority, const struct proxy *proxy);

void handshake_start(struct handshake *handshake);

/* Takes bytes of the reply. Returns how many belong to the head; those behind them are the program's. */
size_t handshake_feed(struct handshake *handshake, const char *bytes, size_t size);

#endif
