/* The stories of the dial, told call by call with a scripted net and a clock that stands still. */
#ifndef UNIT_STORY_H
#define UNIT_STORY_H

#include "scripted_net.h"

#include <stdbool.h>

enum { TIMEOUT = 60000, ATTEMPT = 10000 };

#define REQUEST "CONNECT t.test:22 HTTP/1.1\r\nHost: t.test:22\r\n\r\n"
#define REQUEST_OF(credentials)                                                                              \
    "CONNECT t.test:22 HTTP/1.1\r\nHost: t.test:22\r\nProxy-Authorization: Basic " credentials "\r\n\r\n"
#define OK       "HTTP/1.1 200 OK\r\n\r\n"
#define OK_SIZE  19
#define ILL      "HTTP/1.1 503 x\r\nProxy-Status: p;error=proxy_internal_error\r\n\r\n"
#define A        "192.0.2.1:3128"
#define B        "192.0.2.2:3128"
#define C        "192.0.2.3:3128"
#define SIX      "[2001:db8::1]:3128"
#define SIX_B    "[2001:db8::2]:3128"
#define A_MAPPED "[::ffff:192.0.2.1]:3128"
#define B_MAPPED "[::ffff:192.0.2.2]:3128"
#define CURE     CONNECT("[::ffff:255.255.255.255]:9", ENETUNREACH)
#define BACK     CONNECT("unspec", 0)
#define WRITES   STEP(DIAL_WANT_WRITE)
#define READS    STEP(DIAL_WANT_READ)
#define OPENS    STEP(DIAL_OPEN)
#define FAILS    STEP(DIAL_FAILED)
#define HANDED   STEP(DIAL_DIRECT)
#define ANSWERED PEEK(OK), TAKE(OK_SIZE), OPENS
#define SECOND   CONNECT(B, 0), SEND(REQUEST), READS, ANSWERED

/* The socket's family, the proxies' URLs parted by blanks, the story, and what dial.error and dial_describe()
 * say at its end. The target is t.test:22 unless another one is named. */
struct story {
    const char *name;
    int family;
    const char *proxies;
    const struct line *script;
    int error;
    const char *said;
    bool fallback;
    bool touched; /* at the end */
    const char *target;
};

/* A route to these proxies; its candidates are the same with each call. */
struct route story_route(const char *urls);

/* Steps the dial until the script is at its end. */
void story_play(struct dial *dial);

void story_tell(const struct story *row, dial_replace *replace);
void story(void **state); /* the test: tells the row in *state */

#endif
