/* A `struct net` that follows a script: each call must be the one that the next line foresees, and gets the
 * answer that stands there. A call that is not foreseen, or a line that is not reached, fails the test. */
#ifndef UNIT_SCRIPTED_NET_H
#define UNIT_SCRIPTED_NET_H

#include <ptunnel/dial.h>

enum line_kind {
    LINE_END,
    LINE_CONNECT,
    LINE_SEND,
    LINE_PEEK,
    LINE_TAKE,
    LINE_READ,
    LINE_LOOK_UP,
    LINE_V6ONLY,
    LINE_SET_V6ONLY,
    LINE_REPLACE,
    LINE_POLL,
    LINE_ERROR,
    LINE_DROP,
    LINE_ASK,
    LINE_TOLD,
    LINE_STEP,
    LINE_PASS,
};

struct line {
    enum line_kind kind;
    const char *words;  /* the address to connect to; what must be sent; what is seen; the name looked up */
    const char *answer; /* look-up: addresses, parted by blanks */
    long number;        /* bytes; the option's value; what dial_step() returns; milliseconds */
    int error;          /* errno; of a look-up: EAI_ */
};

enum { SENT_ALL = -2, SCRIPTED_FD = 7 };

/* connect() to "192.0.2.1:80", "[2001:db8::1]:80" or "unspec" answers with 0 or an errno. */
#define CONNECT(address, errno_) { .kind = LINE_CONNECT, .words = (address), .error = (errno_) }
/* send() is handed exactly these bytes, and takes all of them; or the first of them only; or none. */
#define SEND(bytes) { .kind = LINE_SEND, .words = (bytes), .number = SENT_ALL }
#define SEND_SOME(bytes, taken) { .kind = LINE_SEND, .words = (bytes), .number = (taken) }
#define SEND_FAILS(errno_) { .kind = LINE_SEND, .error = (errno_) }
/* recv() of three kinds: MSG_PEEK shows these bytes, or fails; without it, so many of them are taken; or these
 * bytes come, which nobody has looked at, or it fails. */
#define PEEK(bytes) { .kind = LINE_PEEK, .words = (bytes), .number = sizeof(bytes) - 1 }
#define PEEK_FAILS(errno_) { .kind = LINE_PEEK, .error = (errno_) }
#define TAKE(size) { .kind = LINE_TAKE, .number = (size) }
#define READ(bytes) { .kind = LINE_READ, .words = (bytes), .number = sizeof(bytes) - 1 }
#define READ_FAILS(errno_) { .kind = LINE_READ, .error = (errno_) }
#define LOOK_UP(name, addresses) { .kind = LINE_LOOK_UP, .words = (name), .answer = (addresses) }
#define LOOK_UP_FAILS(name, eai) { .kind = LINE_LOOK_UP, .words = (name), .error = (eai) }
/* IPV6_V6ONLY is asked for; it is set to a value. */
#define V6ONLY_IS(value) { .kind = LINE_V6ONLY, .number = (value) }
#define SET_V6ONLY(value, errno_) { .kind = LINE_SET_V6ONLY, .number = (value), .error = (errno_) }
/* The socket is replaced by one of AF_INET6, or put back as one of the family, or that fails. */
#define REPLACE(errno_)                                                                                      \
    {                                                                                                        \
        .kind = LINE_REPLACE, .number = AF_INET6, .error = (errno_)                                          \
    }
#define PUT_BACK(family)                                                                                     \
    {                                                                                                        \
        .kind = LINE_REPLACE, .number = (family)                                                             \
    }
/* poll() for no time says these events; SO_ERROR is asked for; recv() with MSG_TRUNC is asked for bytes, drops some, or fails. */
#define POLL(events) { .kind = LINE_POLL, .number = (events) }
#define ERROR_IS(errno_) { .kind = LINE_ERROR, .error = (errno_) }
#define DROP(asked, dropped) { .kind = LINE_DROP, .number = (asked), .error = -(dropped) }
#define DROP_FAILS(asked, errno_) { .kind = LINE_DROP, .number = (asked), .error = (errno_) }
/* Somebody is asked for the next leg, given these challenges, and has a field, puts it off, or gives up; is told of an end. */
#define ASK(challenges, field) { .kind = LINE_ASK, .words = (challenges), .answer = (field) }
#define ASK_LATER(challenges, milliseconds) { .kind = LINE_ASK, .words = (challenges), .number = (milliseconds) }
#define ASK_FAILS(challenges, errno_) { .kind = LINE_ASK, .words = (challenges), .error = (errno_) }
#define TOLD { .kind = LINE_TOLD }
/* dial_step() is called and, after what stands between, returns this. */
#define STEP(want) { .kind = LINE_STEP, .number = (want) }
#define PASS(milliseconds) { .kind = LINE_PASS, .number = (milliseconds) }
#define END { .kind = LINE_END }
#define SCRIPT(...) ((const struct line[]){ __VA_ARGS__ __VA_OPT__(,) END })

extern const struct net scripted_net;
dial_replace scripted_replace;
dial_authenticate scripted_authenticate;

void script_start(const struct line *script);
const struct line *script_next(void); /* the line that is due */
void script_done_with(const struct line *line);

#endif
