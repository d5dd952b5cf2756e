/* One CONNECT, sans-I/O: yields the request's bytes, is given the reply's.
 *
 *   STATUS --2xx--> FIELDS --empty line--> OPEN
 *     ^  `--1xx--> FIELDS --empty line--> STATUS
 *     `--others--> FIELDS --empty line--> REFUSED <-- not HTTP, a NUL, more than 64 KiB (from any state) */
#ifndef PTUNNEL_HANDSHAKE_H
#define PTUNNEL_HANDSHAKE_H

#include <ptunnel/endpoint.h>
#include <ptunnel/proxy.h>
#include <ptunnel/reply.h>

#include <stddef.h>
#include <stdint.h>

enum {
    HANDSHAKE_REQUEST_SIZE = 2 * ENDPOINT_TEXT_SIZE + PROXY_FIELDS_SIZE + 64,
    HANDSHAKE_HEAD_MOST = 64 * 1024, /* bytes of all heads, those of 1xx replies included */
};

/* In this order: below HANDSHAKE_OPEN the head is not whole. */
enum handshake_state {
    HANDSHAKE_STATUS,  /* reading a status line */
    HANDSHAKE_FIELDS,  /* reading the header fields behind it */
    HANDSHAKE_OPEN,    /* 2xx: the next byte is the target's */
    HANDSHAKE_REFUSED, /* reply_error() of .reply says how */
};

struct handshake {
    enum handshake_state state;
    struct reply reply;
    uint32_t head_size; /* bytes taken so far, of HANDSHAKE_HEAD_MOST */
    uint16_t line_size;
    char line[256]; /* the line so far; of a longer one its beginning, nothing more is needed of any */
};

/* The request of RFC 9110 9.3.6; authority as endpoint_print() writes it. The same arguments make the same
 * bytes: whoever could send only a part makes it again for the rest. Returns its size; out has
 * HANDSHAKE_REQUEST_SIZE bytes. */
size_t handshake_request(char *out, const char *authority, const struct proxy *proxy);

/* At the first byte of a reply, nothing known. */
void handshake_start(struct handshake *handshake);

/* Takes bytes of the reply. Returns how many belong to its head; those behind them are the target's. */
size_t handshake_feed(struct handshake *handshake, const char *bytes, size_t size);

#endif
