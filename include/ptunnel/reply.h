/* What a proxy said to CONNECT, and the tables that turn it into an errno:
 *
 *   status 2xx --> 0
 *   another, and Proxy-Status (RFC 9209), X-Squid-Error or Tor-Request-Failed names a cause --> that errno
 *   403, 404 or 5xx, and the status line itself names one in words --> that errno
 *   another --> the errno of the row that the status is in
 *
 * Bodies are never asked: they are pages for people. */
#ifndef PTUNNEL_REPLY_H
#define PTUNNEL_REPLY_H

#include <ptunnel/brand.h>
#include <ptunnel/text.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reply {
    int status;       /* 100 to 999; 0: the reply was no HTTP */
    bool old;         /* HTTP/1.0 */
    int cause;        /* errno that a header field named, which is more exact than the status; 0: none did */
    int said;         /* errno that the words of the status line stand for; 0: none */
    bool proxy_ill;   /* a Proxy-Status (RFC 9209) says that the proxy itself is the cause */
    char reason[80];  /* the reason phrase; bytes outside 0x20..0x7e as \xHH */
    char schemes[64]; /* of Proxy-Authenticate, "NTLM, Basic" */
    const struct brand *brand; /* by Server, Via or Proxy-agent; NULL: it does not say, or nobody knows it */
};

/* "HTTP/1.1 200 Reason", without its line end; false if it is not an HTTP/1 status line (RFC 9112 4). */
bool reply_status_line(struct reply *reply, const char *line, size_t size);

/* Takes a header field, "Name: value"; those that say nothing here are ignored. */
void reply_field(struct reply *reply, const char *line, size_t size);

/* 0 for 2xx, otherwise a positive errno, see above; no other than those of the tables. */
int reply_error(const struct reply *reply);

/* Whether it is a 403 that gives no reason of its own: the port may be the reason. */
bool reply_hides_why(const struct reply *reply);

/* Adds "407 Proxy Authentication Required (offers NTLM; ...)", with the remedy where users need one. The port
 * is the target's. */
void reply_describe(const struct reply *reply, uint16_t port, struct text *out);

#endif
