/* The dial: stories told call by call with a scripted net and a clock that stands still, then some with the
 * kernel. */
#include "support/rows.h"
#include "support/fake_clock.h"
#include "support/scripted_net.h"

#include <ptunnel/dial.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
#define HANDED   STEP(DIAL_HANDED)
#define ANSWERED PEEK(OK), TAKE(OK_SIZE), OPENS

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

static const struct story straight[] = {
    { "a non-blocking socket", AF_INET, A,
      SCRIPT(CONNECT(A, EINPROGRESS), SEND_FAILS(EAGAIN), WRITES, SEND(REQUEST), READS, PEEK(OK "SSH-2.0"),
             TAKE(OK_SIZE), OPENS),
      0, "t.test:22 via 192.0.2.1:3128: open", .touched = true },
    { "a blocking socket", AF_INET, A, SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, ANSWERED), 0, NULL,
      .touched = true },
    { "an open dial makes no further call", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, ANSWERED, OPENS, PASS(TIMEOUT), OPENS), 0, NULL,
      .touched = true },
    { "the request goes out in parts", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND_SOME(REQUEST, 8), WRITES,
             SEND_SOME("t.test:22 HTTP/1.1\r\nHost: t.test:22\r\n\r\n", 37), WRITES, SEND_FAILS(EAGAIN),
             WRITES, SEND("\r\n"), READS, ANSWERED),
      0, NULL, .touched = true },
    { "a handler runs while connecting", AF_INET, A,
      SCRIPT(CONNECT(A, EINTR), WRITES, SEND(REQUEST), READS, ANSWERED), 0, NULL, .touched = true },
    { "send is interrupted", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND_FAILS(EINTR), SEND_FAILS(EINTR), SEND(REQUEST), READS, ANSWERED), 0, NULL,
      .touched = true },
    { "the look is interrupted", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK_FAILS(EINTR), ANSWERED), 0, NULL, .touched = true },
    { "fast open is still connecting", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND_FAILS(EALREADY), WRITES, SEND(REQUEST), READS, ANSWERED), 0, NULL,
      .touched = true },
    { "it is readable and nothing is there", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK_FAILS(EAGAIN), READS, ANSWERED), 0, NULL,
      .touched = true },
    { "the head comes in pieces", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 2"), TAKE(10), PEEK_FAILS(EAGAIN), READS,
             PEEK("00 OK\r\n\r"), TAKE(8), PEEK_FAILS(EAGAIN), READS, PEEK("\nSSH-2.0"), TAKE(1), OPENS),
      0, NULL, .touched = true },
    { "a 1xx first", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 100 x\r\n\r\n"), TAKE(18),
             PEEK_FAILS(EAGAIN), READS, ANSWERED),
      0, NULL, .touched = true },
    { "an IPv4 proxy on an IPv6 socket", AF_INET6, A,
      SCRIPT(CONNECT(A_MAPPED, EINPROGRESS), SEND(REQUEST), READS, ANSWERED), 0, NULL, .touched = true },
    { "an IPv6 proxy", AF_INET6, SIX, SCRIPT(CONNECT(SIX, EINPROGRESS), SEND(REQUEST), READS, ANSWERED), 0,
      NULL, .touched = true },
};

/* What the program did wrong with its socket is the kernel's own answer, and nothing else happens. */
static const struct {
    const char *name;
    int error;
} own[] = {
    { "EISCONN", EISCONN },   { "EALREADY", EALREADY },
    { "EINVAL", EINVAL },     { "EAFNOSUPPORT", EAFNOSUPPORT },
    { "EBADF", EBADF },       { "EFAULT", EFAULT },
    { "ENOMEM", ENOMEM },     { "EADDRINUSE", EADDRINUSE },
    { "ENOTSOCK", ENOTSOCK },
};

static const struct story refusals[] = {
    { "refused at once, nobody left", AF_INET, A, SCRIPT(CONNECT(A, ECONNREFUSED), BACK, FAILS), ECONNREFUSED,
      "t.test:22 via 192.0.2.1:3128: cannot connect to the proxy: connection refused", .touched = false },
    { "refused later", AF_INET, A,
      SCRIPT(CONNECT(A, EINPROGRESS), SEND_FAILS(EAGAIN), WRITES, SEND_FAILS(ECONNREFUSED), BACK, FAILS),
      ECONNREFUSED, NULL, .touched = false },
    { "no way there", AF_INET, A, SCRIPT(CONNECT(A, ENETUNREACH), BACK, FAILS), ENETUNREACH, NULL,
      .touched = false },
    { "403 is final", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 403 Forbidden\r\n\r\n"), FAILS, FAILS),
      EACCES, "t.test:22 via 192.0.2.1:3128: 403 Forbidden (many proxies allow CONNECT only to port 443)",
      .fallback = true, .touched = true },
    { "a bare 502 is final", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 502 x\r\n\r\n"), FAILS), ECONNREFUSED, NULL,
      .fallback = true, .touched = true },
    { "a bare 503 is final", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 503 x\r\n\r\n"), FAILS), ECONNREFUSED, NULL,
      .fallback = true, .touched = true },
    { "a bare 504 is final", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 504 x\r\n\r\n"), FAILS), ETIMEDOUT, NULL,
      .fallback = true, .touched = true },
    { "what is not HTTP is final", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("SSH-2.0-x\r\n"), FAILS), ECONNREFUSED,
      "t.test:22 via 192.0.2.1:3128: the reply is not HTTP: is this an HTTP proxy?", .fallback = true,
      .touched = true },
    { "an end of stream before the reply", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK(""), BACK, FAILS), ECONNRESET,
      "t.test:22 via 192.0.2.1:3128: the proxy closed the connection before it had answered",
      .touched = false },
    { "a reset inside the head", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1"), TAKE(6), PEEK_FAILS(ECONNRESET), BACK,
             FAILS),
      ECONNRESET, NULL, .touched = false },
    { "the proxy is gone before the request", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND_FAILS(EPIPE), BACK, FAILS), ECONNRESET, NULL, .touched = false },
    { "the proxy is ill, and there is no other", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK(ILL), FAILS), ECONNREFUSED, NULL, .fallback = true,
      .touched = true },
    { "the kernel cannot go back", AF_INET, A " " B,
      SCRIPT(CONNECT(A, ECONNREFUSED), CONNECT("unspec", EBUSY), FAILS), ECONNREFUSED, NULL,
      .touched = true },
};

#define SECOND CONNECT(B, 0), SEND(REQUEST), READS, ANSWERED

static const struct story failovers[] = {
    { "refused at once", AF_INET, A " " B, SCRIPT(CONNECT(A, ECONNREFUSED), BACK, SECOND), 0,
      "t.test:22 via 192.0.2.2:3128: open", .touched = true },
    { "refused later", AF_INET, A " " B,
      SCRIPT(CONNECT(A, EINPROGRESS), SEND_FAILS(EAGAIN), WRITES, SEND_FAILS(ECONNREFUSED), BACK, SECOND), 0,
      NULL, .touched = true },
    { "the kernel's time-out", AF_INET, A " " B, SCRIPT(CONNECT(A, ETIMEDOUT), BACK, SECOND), 0, NULL,
      .touched = true },
    { "EACCES of a firewall", AF_INET, A " " B, SCRIPT(CONNECT(A, EACCES), BACK, SECOND), 0, NULL,
      .touched = true },
    { "not accepted in time", AF_INET, A " " B,
      SCRIPT(CONNECT(A, EINPROGRESS), SEND_FAILS(EAGAIN), WRITES, PASS(ATTEMPT - 1), SEND_FAILS(EAGAIN),
             WRITES, PASS(1), SEND_FAILS(EAGAIN), BACK, SECOND),
      0, NULL, .touched = true },
    { "no answer in time", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PASS(ATTEMPT), PEEK_FAILS(EAGAIN), BACK, SECOND), 0, NULL,
      .touched = true },
    { "an answer that drips", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PASS(ATTEMPT / 2), PEEK("HTTP"), TAKE(4),
             PEEK_FAILS(EAGAIN), READS, PASS(ATTEMPT / 2), PEEK("/"), TAKE(1), PEEK_FAILS(EAGAIN), BACK,
             SECOND),
      0, NULL, .touched = true },
    { "a program that comes late finds its answer", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PASS(2 * TIMEOUT), ANSWERED), 0, NULL, .touched = true },
    { "an end of stream", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK(""), BACK, SECOND), 0, NULL, .touched = true },
    { "a reset inside the head", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 5"), TAKE(10), PEEK_FAILS(ECONNRESET), BACK,
             SECOND),
      0, NULL, .touched = true },
    { "the proxy says it is ill", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK(ILL), BACK, SECOND), 0, NULL, .touched = true },
    { "ill, then refused: the last one's errno", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK(ILL), BACK, CONNECT(B, ENETUNREACH), BACK, FAILS),
      ENETUNREACH, "t.test:22 via 192.0.2.2:3128: cannot connect to the proxy: network is unreachable",
      .touched = false },
    { "three, in order", AF_INET, A " " B " " C,
      SCRIPT(CONNECT(A, ECONNREFUSED), BACK, CONNECT(B, EHOSTUNREACH), BACK, CONNECT(C, 0), SEND(REQUEST),
             READS, ANSWERED),
      0, NULL, .touched = true },
    { "all refuse: what the last one said", AF_INET, A " " B " " C,
      SCRIPT(CONNECT(A, ETIMEDOUT), BACK, CONNECT(B, ENETUNREACH), BACK, CONNECT(C, ECONNREFUSED), BACK,
             FAILS),
      ECONNREFUSED, NULL, .touched = false },
    { "what was sent to one is sent anew to the next", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND_SOME(REQUEST, 20), WRITES, SEND_FAILS(ECONNRESET), BACK, SECOND), 0, NULL,
      .touched = true },
    { "a half head of one is not continued by the next", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK("HTTP/1.1 403 x\r\n"), TAKE(16), PEEK(""), BACK,
             SECOND),
      0, NULL, .touched = true },
    { "each gets its own credentials", AF_INET, "alice:a@" A " bob:b@" B " " C,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST_OF("YWxpY2U6YQ==")), READS, PEEK(""), BACK, CONNECT(B, 0),
             SEND(REQUEST_OF("Ym9iOmI=")), READS, PEEK(""), BACK, CONNECT(C, 0), SEND(REQUEST), READS,
             ANSWERED),
      0, NULL, .touched = true },
};

static const struct story deadlines[] = {
    { "the last one has all the time that is left", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PASS(TIMEOUT - 1), PEEK_FAILS(EAGAIN), READS, PASS(1),
             PEEK_FAILS(EAGAIN), FAILS),
      ETIMEDOUT, "t.test:22 via 192.0.2.1:3128: the proxy did not answer in time", .touched = true },
    { "not even accepted", AF_INET, A,
      SCRIPT(CONNECT(A, EINPROGRESS), SEND_FAILS(EAGAIN), WRITES, PASS(TIMEOUT), SEND_FAILS(EAGAIN), FAILS),
      ETIMEDOUT, "t.test:22 via 192.0.2.1:3128: cannot connect to the proxy: timed out", .touched = true },
    { "the whole bounds all of them", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PASS(ATTEMPT), PEEK_FAILS(EAGAIN), BACK, CONNECT(B, 0),
             SEND(REQUEST), READS, PASS(TIMEOUT - ATTEMPT), PEEK_FAILS(EAGAIN), FAILS),
      ETIMEDOUT, NULL, .touched = true },
    { "one proxy and the fallback: the attempt counts", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PASS(ATTEMPT), PEEK_FAILS(EAGAIN), BACK,
             LOOK_UP("t.test", "192.0.2.9"), CONNECT("192.0.2.9:22", 0), HANDED),
      0, NULL, .fallback = true, .touched = true },
    { "a black hole behind one address leaves time for the next", AF_INET, "p.test",
      SCRIPT(LOOK_UP("p.test", "192.0.2.1 192.0.2.2"), CONNECT(A, EINPROGRESS), SEND_FAILS(EAGAIN), WRITES,
             PASS(ATTEMPT), SEND_FAILS(EAGAIN), BACK, SECOND),
      0, NULL, .touched = true },
    { "an address that took the connection has the time of all of them", AF_INET, "p.test",
      SCRIPT(LOOK_UP("p.test", "192.0.2.1 192.0.2.2"), CONNECT(A, 0), SEND(REQUEST), READS, PASS(TIMEOUT - 1),
             PEEK_FAILS(EAGAIN), READS, ANSWERED),
      0, NULL, .touched = true },
};

/* Nobody else reads the socket: the reply is read at once, and what stands behind it is left in the room of
 * 24 bytes. */
static const struct {
    const char *name, *proxies;
    const struct line *script;
    int error;
    const char *left;
} roomy[] = {
    { "nothing behind the head", A, SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ(OK), OPENS), 0, "" },
    { "a banner behind the head", A, SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ(OK "SSH"), OPENS), 0,
      "SSH" },
    { "more than there is room for", A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ(OK "SSH-2.0-OpenSSH"), OPENS), 0, "SSH-2" },
    { "in pieces, with pauses", A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ("HTTP/1.1 2"), READ_FAILS(EAGAIN), READS,
             READ("00 OK\r\n\r"), READ_FAILS(EINTR), READ("\nSSH"), OPENS),
      0, "SSH" },
    { "the end in the head", A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ("HTTP"), READ(""), BACK, FAILS), ECONNRESET, NULL },
    { "a refusal", A, SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ("HTTP/1.1 403 x\r\n\r\n"), FAILS),
      EACCES, NULL },
    { "what one left is not taken for the next one's", A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, READ("HTTP/1.1 2"), READ_FAILS(ECONNRESET), BACK,
             CONNECT(B, 0), SEND(REQUEST), READS, READ(OK "SSH"), OPENS),
      0, "SSH" },
};

#define ALL_ADDRESSES LOOK_UP("p.test", "192.0.2.1 2001:db8::1 192.0.2.2 2001:db8::2")

static const struct story addresses[] = {
    { "AF_INET: IPv4 in the resolver's order, nothing else", AF_INET, "p.test",
      SCRIPT(ALL_ADDRESSES, CONNECT(A, ECONNREFUSED), BACK, CONNECT(B, ECONNREFUSED), BACK, FAILS),
      ECONNREFUSED, NULL, .touched = false },
    { "AF_INET6: IPv6 first, then IPv4 mapped", AF_INET6, "p.test",
      SCRIPT(ALL_ADDRESSES, CONNECT(SIX, ECONNREFUSED), BACK, CONNECT(SIX_B, ECONNREFUSED), BACK,
             CONNECT(A_MAPPED, ECONNREFUSED), BACK, CURE, CONNECT(B_MAPPED, ECONNREFUSED), BACK, CURE, FAILS),
      ECONNREFUSED, NULL, .touched = false },
    { "AF_INET and only IPv6: no call, the socket as it was", AF_INET, SIX, SCRIPT(FAILS), EAFNOSUPPORT, NULL,
      .touched = false },
    { "a name is looked up once for all its addresses", AF_INET, "p.test",
      SCRIPT(LOOK_UP("p.test", "192.0.2.1 192.0.2.2"), CONNECT(A, ECONNREFUSED), BACK, SECOND), 0, NULL,
      .touched = true },
    { "a name that does not resolve", AF_INET, "p.test", SCRIPT(LOOK_UP_FAILS("p.test", EAI_NONAME), FAILS),
      EHOSTUNREACH, "t.test:22 via p.test:3128: the proxy's name does not resolve", .touched = false },
    { "a name that does not resolve, and another proxy", AF_INET, "p.test " B,
      SCRIPT(LOOK_UP_FAILS("p.test", EAI_AGAIN), SECOND), 0, NULL, .touched = true },
    { "an ill proxy's other addresses are the same proxy", AF_INET, "p.test " B,
      SCRIPT(LOOK_UP("p.test", "192.0.2.1 192.0.2.3"), CONNECT(A, 0), SEND(REQUEST), READS, PEEK(ILL), BACK,
             SECOND),
      0, NULL, .touched = true },
};

/* kernel.md 1: after a mapped connect() the socket is cured, and only then. */
static const struct story cures[] = {
    { "an IPv4 proxy, then an IPv6 one", AF_INET6, A " " SIX,
      SCRIPT(CONNECT(A_MAPPED, ECONNREFUSED), BACK, CURE, CONNECT(SIX, 0), SEND(REQUEST), READS, ANSWERED), 0,
      NULL, .touched = true },
    { "refused later", AF_INET6, A " " SIX,
      SCRIPT(CONNECT(A_MAPPED, EINPROGRESS), SEND_FAILS(ECONNREFUSED), BACK, CURE, CONNECT(SIX, 0),
             SEND(REQUEST), READS, ANSWERED),
      0, NULL, .touched = true },
    { "given up after an answer", AF_INET6, A " " SIX,
      SCRIPT(CONNECT(A_MAPPED, 0), SEND(REQUEST), READS, PEEK(ILL), BACK, CURE, CONNECT(SIX, 0),
             SEND(REQUEST), READS, ANSWERED),
      0, NULL, .touched = true },
    { "none after an IPv6 proxy", AF_INET6, SIX " " SIX_B,
      SCRIPT(CONNECT(SIX, ECONNREFUSED), BACK, CONNECT(SIX_B, 0), SEND(REQUEST), READS, ANSWERED), 0, NULL,
      .touched = true },
    { "none on an IPv4 socket", AF_INET, A " " B, SCRIPT(CONNECT(A, ECONNREFUSED), BACK, SECOND), 0, NULL,
      .touched = true },
    { "V6ONLY is cleared, and set again at the end", AF_INET6, A,
      SCRIPT(CONNECT(A_MAPPED, ENETUNREACH), V6ONLY_IS(1), SET_V6ONLY(0, 0), CONNECT(A_MAPPED, ECONNREFUSED),
             BACK, CURE, SET_V6ONLY(1, 0), FAILS),
      ECONNREFUSED, NULL, .touched = false },
    { "V6ONLY is cleared, and the tunnel opens", AF_INET6, A,
      SCRIPT(CONNECT(A_MAPPED, ENETUNREACH), V6ONLY_IS(1), SET_V6ONLY(0, 0), CONNECT(A_MAPPED, 0),
             SEND(REQUEST), READS, ANSWERED),
      0, NULL, .touched = true },
    { "V6ONLY on a bound socket stays", AF_INET6, A,
      SCRIPT(CONNECT(A_MAPPED, ENETUNREACH), V6ONLY_IS(1), SET_V6ONLY(0, EINVAL), BACK, CURE, FAILS),
      ENETUNREACH, NULL, .touched = false },
    { "no network has nothing to do with V6ONLY", AF_INET6, A,
      SCRIPT(CONNECT(A_MAPPED, ENETUNREACH), V6ONLY_IS(0), BACK, CURE, FAILS), ENETUNREACH, NULL,
      .touched = false },
    { "still no network with V6ONLY cleared", AF_INET6, A,
      SCRIPT(CONNECT(A_MAPPED, ENETUNREACH), V6ONLY_IS(1), SET_V6ONLY(0, 0), CONNECT(A_MAPPED, ENETUNREACH),
             BACK, CURE, SET_V6ONLY(1, 0), FAILS),
      ENETUNREACH, NULL, .touched = false },
};

#define WRONG_FAMILY CONNECT("wrong", EAFNOSUPPORT)

/* Another socket in the place of one that cannot reach the proxy. */
static const struct story replacements[] = {
    { "IPv4, and an IPv6 proxy", AF_INET, SIX,
      SCRIPT(WRONG_FAMILY, REPLACE(0), CONNECT(SIX, EINPROGRESS), SEND(REQUEST), READS, ANSWERED), 0, NULL,
      .touched = true },
    { "a socket that may not be connected is not replaced", AF_INET, SIX " " A,
      SCRIPT(CONNECT("wrong", EISCONN), FAILS), EISCONN, NULL, .touched = false },
    { "nor one that just got its connection", AF_INET, SIX, SCRIPT(CONNECT("wrong", 0), FAILS), EISCONN, NULL,
      .touched = false },
    { "it fails: put back", AF_INET, SIX,
      SCRIPT(WRONG_FAMILY, REPLACE(0), CONNECT(SIX, 0), SEND(REQUEST), READS,
             PEEK("HTTP/1.1 403 Forbidden\r\n\r\n"), PUT_BACK(AF_INET), FAILS),
      EACCES, NULL, .touched = false },
    { "it reaches IPv4 too", AF_INET, SIX " " A,
      SCRIPT(WRONG_FAMILY, REPLACE(0), CONNECT(SIX, ECONNREFUSED), BACK, CONNECT(A_MAPPED, 0), SEND(REQUEST),
             READS, ANSWERED),
      0, NULL, .touched = true },
    { "its own family first", AF_INET, "p.test",
      SCRIPT(ALL_ADDRESSES, CONNECT(A, ECONNREFUSED), BACK, CONNECT(B, ECONNREFUSED), BACK, WRONG_FAMILY,
             REPLACE(0), CONNECT(SIX, 0), SEND(REQUEST), READS, ANSWERED),
      0, NULL, .touched = true },
    { "none to be had", AF_INET, SIX, SCRIPT(WRONG_FAMILY, REPLACE(EMFILE), BACK, FAILS), EAFNOSUPPORT,
      "t.test:22 via [2001:db8::1]:3128: the proxy has IPv6 addresses only, and the program's socket is of "
      "IPv4: name an IPv4 address of it",
      .touched = false },
    { "none to be had, and another proxy", AF_INET, SIX " " B,
      SCRIPT(WRONG_FAMILY, REPLACE(EMFILE), BACK, SECOND), 0, NULL, .touched = true },
    { "none to be had after a refusal: that is what is told", AF_INET, "p.test",
      SCRIPT(ALL_ADDRESSES, CONNECT(A, ECONNREFUSED), BACK, CONNECT(B, ECONNREFUSED), BACK, WRONG_FAMILY,
             REPLACE(EMFILE), BACK, WRONG_FAMILY, REPLACE(EMFILE), BACK, FAILS),
      ECONNREFUSED, NULL, .touched = false },
    { "bound to an IPv6 address, and an IPv4 proxy", AF_INET6, A,
      SCRIPT(CONNECT(A_MAPPED, ENETUNREACH), V6ONLY_IS(0), REPLACE(0), CONNECT(A_MAPPED, 0), SEND(REQUEST),
             READS, ANSWERED),
      0, NULL, .touched = true },
    { "bound to a mapped address, and an IPv6 proxy", AF_INET6, SIX,
      SCRIPT(CONNECT(SIX, EAFNOSUPPORT), REPLACE(0), CONNECT(SIX, 0), SEND(REQUEST), READS, ANSWERED), 0,
      NULL, .touched = true },
    { "no network has nothing to do with the socket", AF_INET6, A,
      SCRIPT(CONNECT(A_MAPPED, ENETUNREACH), V6ONLY_IS(0), REPLACE(ENETUNREACH), BACK, CURE, FAILS),
      ENETUNREACH, NULL, .touched = false },
    { "the fallback goes with a socket like the first", AF_INET, SIX,
      SCRIPT(WRONG_FAMILY, REPLACE(0), CONNECT(SIX, ECONNREFUSED), BACK, PUT_BACK(AF_INET),
             CONNECT("192.0.2.9:22", EINPROGRESS), HANDED),
      EINPROGRESS, NULL, .fallback = true, .touched = true, .target = "192.0.2.9:22" },
};

#define TARGET          "192.0.2.9:22"
#define REQUEST_TO_NINE "CONNECT " TARGET " HTTP/1.1\r\nHost: " TARGET "\r\n\r\n"

static const struct story fallbacks[] = {
    { "all refused", AF_INET, A " " B,
      SCRIPT(CONNECT(A, ECONNREFUSED), BACK, CONNECT(B, ECONNREFUSED), BACK, CONNECT(TARGET, 0), HANDED,
             HANDED),
      0, "192.0.2.9:22: direct", .fallback = true, .touched = true, .target = TARGET },
    { "on a non-blocking socket", AF_INET, A,
      SCRIPT(CONNECT(A, ECONNREFUSED), BACK, CONNECT(TARGET, EINPROGRESS), HANDED), EINPROGRESS, NULL,
      .fallback = true, .touched = true, .target = TARGET },
    { "with a handler", AF_INET, A, SCRIPT(CONNECT(A, ECONNREFUSED), BACK, CONNECT(TARGET, EINTR), HANDED),
      EINTR, NULL, .fallback = true, .touched = true, .target = TARGET },
    { "the target refuses too", AF_INET, A,
      SCRIPT(CONNECT(A, ECONNREFUSED), BACK, CONNECT(TARGET, ETIMEDOUT), FAILS), ETIMEDOUT,
      "192.0.2.9:22: cannot connect: timed out", .fallback = true, .touched = true, .target = TARGET },
    { "the target refuses, and the proxy had been silent", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST_TO_NINE), READS, PASS(ATTEMPT), PEEK_FAILS(EAGAIN), BACK,
             CONNECT(TARGET, ETIMEDOUT), FAILS),
      ETIMEDOUT, "192.0.2.9:22: cannot connect: timed out", .fallback = true, .touched = true,
      .target = TARGET },
    { "an IPv6 target behind an IPv4 proxy: cured first", AF_INET6, A,
      SCRIPT(CONNECT(A_MAPPED, ECONNREFUSED), BACK, CURE, CONNECT("[2001:db8::9]:22", 0), HANDED), 0, NULL,
      .fallback = true, .touched = true, .target = "[2001:db8::9]:22" },
    { "a name is looked up here, since the user said so", AF_INET, A,
      SCRIPT(CONNECT(A, ECONNREFUSED), BACK, LOOK_UP("t.test", "2001:db8::9 192.0.2.8 192.0.2.9"),
             CONNECT("192.0.2.8:22", EINPROGRESS), HANDED),
      EINPROGRESS, NULL, .fallback = true, .touched = true },
    { "not without being told", AF_INET, A, SCRIPT(CONNECT(A, ECONNREFUSED), BACK, FAILS), ECONNREFUSED, NULL,
      .target = TARGET },
    { "not after a refusal in HTTP", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST_TO_NINE), READS, PEEK("HTTP/1.1 407 x\r\n\r\n"), FAILS), EACCES,
      NULL, .fallback = true, .touched = true, .target = TARGET },
    { "not if one of them has answered", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST_TO_NINE), READS, PEEK(ILL), BACK, CONNECT(B, ECONNREFUSED), BACK,
             FAILS),
      ECONNREFUSED, NULL, .fallback = true, .target = TARGET },
};

static struct candidate candidates[ROUTE_CANDIDATES_MOST];

static struct route route_of(const char *urls)
{
    struct route route = { .candidates = candidates };

    memset(candidates, 0, sizeof candidates);
    for (size_t size; *urls; urls += size + strspn(urls + size, " ")) {
        size = strcspn(urls, " ");
        assert_null(proxy_parse(&candidates[route.count++].proxy, urls, size));
    }
    return route;
}

static struct endpoint target_of(const char *text)
{
    struct endpoint target;

    assert_null(endpoint_parse(&target, text, strlen(text), 0));
    return target;
}

static void play(struct dial *dial)
{
    const struct line *line;
    enum dial_want want;

    while (script_next()->kind != LINE_END) {
        line = script_next();
        if (line->kind == LINE_PASS) {
            clock_pass(line->number);
            script_done_with(line);
            continue;
        }
        want = dial_step(dial);
        line = script_next();
        if (line->kind != LINE_STEP)
            fail_msg("dial_step() returned %d before the script's next call", (int)want);
        assert_int_equal(want, line->number);
        script_done_with(line);
    }
}

static void tell(const struct story *row, dial_replace *replace)
{
    struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT, .fallback_direct = row->fallback };
    struct route route = route_of(row->proxies);
    struct endpoint target = target_of(row->target ? row->target : "t.test:22");
    char buffer[512];
    struct text said = text_in(buffer, sizeof buffer);
    struct dial dial;

    clock_stop();
    script_start(row->script);
    dial_start(&dial, &scripted_net, SCRIPTED_FD, row->family, &target, &route, &limits);
    dial.replace = replace;
    play(&dial);
    assert_int_equal(dial.error, row->error);
    assert_int_equal(dial.touched, row->touched);
    dial_describe(&dial, &said);
    if (row->said)
        assert_string_equal(buffer, row->said);
}

static void story(void **state)
{
    tell(*state, NULL);
}

static void story_of_two_sockets(void **state)
{
    tell(*state, scripted_replace);
}

static void nobody_else_reads(void **state)
{
    static const struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    const typeof(*roomy) *row = *state;
    struct route route = route_of(row->proxies);
    struct endpoint target = target_of("t.test:22");
    char bytes[24];
    struct dial_room room = { .bytes = bytes, .size = sizeof bytes };
    struct dial dial;

    clock_stop();
    script_start(row->script);
    dial_start(&dial, &scripted_net, SCRIPTED_FD, AF_INET, &target, &route, &limits);
    dial.room = &room;
    play(&dial);
    assert_int_equal(dial.error, row->error);
    if (!row->left)
        return;
    assert_int_equal(room.end - room.at, strlen(row->left));
    assert_memory_equal(bytes + room.at, row->left, strlen(row->left));
}

static void own_error_is_final(void **state)
{
    static const struct dial_limits limits = { .timeout = TIMEOUT,
                                               .attempt = ATTEMPT,
                                               .fallback_direct = true };
    const typeof(*own) *row = *state;
    const struct line v4[] = { CONNECT(A, row->error), FAILS, FAILS, END };
    const struct line v6[] = { CONNECT(A_MAPPED, row->error), FAILS, FAILS, END };
    struct endpoint target = target_of("192.0.2.9:22");
    struct route route;
    struct dial dial;

    for (int family = AF_INET; family; family = family == AF_INET ? AF_INET6 : 0) {
        route = route_of(A " " B " " SIX);
        script_start(family == AF_INET ? v4 : v6);
        dial_start(&dial, &scripted_net, SCRIPTED_FD, family, &target, &route, &limits);
        play(&dial);
        assert_int_equal(dial.error, row->error);
        assert_false(dial.touched);
    }
}

static void interruption_is_told(void **state)
{
    struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    struct route route = route_of(A);
    struct endpoint target = target_of("t.test:22");
    struct dial dial;

    (void)state;
    clock_stop();
    script_start(SCRIPT(CONNECT(A, EINTR), WRITES));
    dial_start(&dial, &scripted_net, SCRIPTED_FD, AF_INET, &target, &route, &limits);
    play(&dial);
    assert_true(dial.interrupted);
}

static void the_deadline_is_the_earlier_one(void **state)
{
    struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    struct route route = route_of(A " " B);
    struct endpoint target = target_of("t.test:22");
    struct dial dial;

    (void)state;
    clock_stop();
    script_start(SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PASS(ATTEMPT), PEEK_FAILS(EAGAIN), BACK,
                        CONNECT(B, 0), SEND(REQUEST), READS));
    dial_start(&dial, &scripted_net, SCRIPTED_FD, AF_INET, &target, &route, &limits);
    assert_int_equal(deadline_left(dial_deadline(&dial)), TIMEOUT);
    assert_int_equal(dial_step(&dial), DIAL_WANT_READ);
    assert_int_equal(deadline_left(dial_deadline(&dial)), ATTEMPT);
    script_done_with(script_next());
    play(&dial);
    assert_int_equal(deadline_left(dial_deadline(&dial)), TIMEOUT - ATTEMPT);
}

static void run_once(const char *proxies, struct route *route, const struct line *script)
{
    static const struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    struct endpoint target = target_of("t.test:22");
    struct dial dial;

    if (proxies)
        *route = route_of(proxies);
    script_start(script);
    dial_start(&dial, &scripted_net, SCRIPTED_FD, AF_INET, &target, route, &limits);
    play(&dial);
}

static void a_proxy_that_failed_is_tried_last_for_a_while(void **state)
{
    struct route route;

    (void)state;
    clock_stop();
    run_once(A " " B, &route, SCRIPT(CONNECT(A, ECONNREFUSED), BACK, SECOND));
    run_once(NULL, &route, SCRIPT(SECOND));
    clock_pass(29999);
    run_once(NULL, &route,
             SCRIPT(CONNECT(B, ECONNREFUSED), BACK, CONNECT(A, 0), SEND(REQUEST), READS, ANSWERED));
    run_once(NULL, &route, SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, ANSWERED));
}

static void a_proxy_that_moved_is_found_again(void **state)
{
    struct route route;

    (void)state;
    clock_stop();
    run_once("p.test", &route, SCRIPT(LOOK_UP("p.test", "192.0.2.1"), CONNECT(A, ECONNREFUSED), BACK, FAILS));
    clock_pass(4999);
    run_once(NULL, &route, SCRIPT(CONNECT(A, ECONNREFUSED), BACK, FAILS));
    clock_pass(1);
    run_once(NULL, &route, SCRIPT(LOOK_UP("p.test", "192.0.2.2"), SECOND));
    clock_pass(3600000);
    run_once(NULL, &route, SCRIPT(SECOND));
}

/* With the kernel. */

static int make_listener(int family, struct sockaddr_storage *address)
{
    struct endpoint loopback = { .literal = true };
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size;

    assert_null(
        endpoint_set_host(&loopback, family == AF_INET ? "127.0.0.1" : "::1", family == AF_INET ? 9 : 3));
    size = endpoint_to_sockaddr(&loopback, family, address);
    assert_int_equal(bind(fd, (struct sockaddr *)address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &size), 0);
    return fd;
}

static struct endpoint endpoint_of(const struct sockaddr_storage *address)
{
    struct endpoint endpoint;

    assert_true(endpoint_from_sockaddr(&endpoint, (const struct sockaddr *)address, sizeof *address));
    return endpoint;
}

static void await(int fd, short events)
{
    struct pollfd ready = { .fd = fd, .events = events };

    assert_int_equal(poll(&ready, 1, 5000), 1);
}

static enum dial_want step_until(struct dial *dial, enum dial_want wanted)
{
    enum dial_want want = dial_step(dial);

    while (want != wanted && want <= DIAL_WANT_READ) {
        await(dial->fd, want == DIAL_WANT_READ ? POLLIN : POLLOUT);
        want = dial_step(dial);
    }
    return want;
}

static void read_request(int fd, const char *wanted)
{
    char request[HANDSHAKE_REQUEST_SIZE];
    size_t size = 0;

    while (size < strlen(wanted)) {
        ssize_t got;

        await(fd, POLLIN);
        got = recv(fd, request + size, sizeof request - size, 0);
        assert_true(got > 0);
        size += (size_t)got;
    }
    assert_int_equal(size, strlen(wanted));
    assert_memory_equal(request, wanted, size);
}

static const struct net kernel_net = {
    .connect = connect,
    .send = send,
    .recv = recv,
    .getsockopt = getsockopt,
    .setsockopt = setsockopt,
    .getaddrinfo = getaddrinfo,
};

/* The socket's family; the family of a proxy that refuses, 0 for none; and that of the one that answers. */
static const struct kernel_row {
    const char *name;
    int family, refuses, answers;
    bool blocking, v6only;
} kernel_rows[] = {
    { "IPv4", AF_INET, 0, AF_INET, false, false },
    { "IPv6", AF_INET6, 0, AF_INET6, false, false },
    { "an IPv6 socket, an IPv4 proxy", AF_INET6, 0, AF_INET, false, false },
    { "a V6ONLY socket, an IPv4 proxy", AF_INET6, 0, AF_INET, false, true },
    { "one refuses", AF_INET, AF_INET, AF_INET, false, false },
    { "one refuses, blocking", AF_INET, AF_INET, AF_INET, true, false },
    { "an IPv6 socket after a mapped refusal", AF_INET6, AF_INET, AF_INET6, false, false },
    { "an IPv6 socket after a mapped refusal, blocking", AF_INET6, AF_INET, AF_INET6, true, false },
    { "a V6ONLY socket after a mapped refusal", AF_INET6, AF_INET, AF_INET6, false, true },
    { "an IPv6 socket, then a mapped one", AF_INET6, AF_INET6, AF_INET, false, false },
};

static int make_client(const struct kernel_row *row)
{
    int fd = socket(row->family, SOCK_STREAM | SOCK_CLOEXEC | (row->blocking ? 0 : SOCK_NONBLOCK), 0), on = 1;
    struct timeval bound = { .tv_sec = 5 }; /* a SYN that is never sent must not hold up the tests */

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound), 0);
    if (row->v6only)
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on), 0);
    return fd;
}

static void a_tunnel_through_the_kernel(void **state)
{
    const struct kernel_row *row = *state;
    struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    struct sockaddr_storage refuses = { 0 }, answers = { 0 };
    int refuser = row->refuses ? make_listener(row->refuses, &refuses) : -1; /* bound, and never listening */
    int listener = make_listener(row->answers, &answers), client = make_client(row), proxy;
    struct endpoint target = target_of("t.test:22");
    struct route route = { .candidates = candidates };
    struct dial dial;
    char tail[8] = "";

    clock_run();
    memset(candidates, 0, sizeof candidates);
    if (row->refuses)
        candidates[route.count++].proxy.at = endpoint_of(&refuses);
    candidates[route.count++].proxy.at = endpoint_of(&answers);
    assert_int_equal(listen(listener, 1), 0);
    dial_start(&dial, &kernel_net, client, row->family, &target, &route, &limits);
    assert_int_equal(step_until(&dial, DIAL_WANT_READ), DIAL_WANT_READ);
    await(listener, POLLIN);
    proxy = accept(listener, NULL, NULL);
    read_request(proxy, REQUEST);
    assert_int_equal(send(proxy, OK "tail", OK_SIZE + 4, 0), OK_SIZE + 4);
    assert_int_equal(step_until(&dial, DIAL_OPEN), DIAL_OPEN);
    await(client, POLLIN);
    assert_int_equal(recv(client, tail, sizeof tail, MSG_DONTWAIT), 4);
    assert_string_equal(tail, "tail");
    assert_int_equal(close(proxy) | close(client) | close(listener), 0);
    if (refuser >= 0)
        close(refuser);
}

/* How the proxy ends it: nothing is sent, a part of a head is, and then the end or a reset. */
static const struct end_row {
    const char *name, *sent;
    bool reset;
} ends[] = {
    { "closed", "", false },
    { "reset", "", true },
    { "closed inside the head", "HTTP/1.1 20", false },
};

static void the_proxy_goes_away(void **state)
{
    const struct end_row *row = *state;
    struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    struct linger now = { .l_onoff = 1 };
    struct sockaddr_storage address = { 0 };
    int listener = make_listener(AF_INET, &address), proxy;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct endpoint target = target_of("t.test:22");
    struct route route = { .candidates = candidates, .count = 1 };
    struct dial dial;

    clock_run();
    memset(candidates, 0, sizeof candidates);
    candidates[0].proxy.at = endpoint_of(&address);
    assert_int_equal(listen(listener, 1), 0);
    dial_start(&dial, &kernel_net, client, AF_INET, &target, &route, &limits);
    assert_int_equal(step_until(&dial, DIAL_WANT_READ), DIAL_WANT_READ);
    await(listener, POLLIN);
    proxy = accept(listener, NULL, NULL);
    read_request(proxy, REQUEST);
    assert_int_equal(send(proxy, row->sent, strlen(row->sent), 0), strlen(row->sent));
    if (row->reset)
        setsockopt(proxy, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(proxy);
    assert_int_equal(step_until(&dial, DIAL_FAILED), DIAL_FAILED);
    assert_int_equal(dial.error, ECONNRESET);
    assert_false(dial.touched);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(struct sockaddr_in)), -1);
    assert_int_equal(errno, EINPROGRESS); /* it is unconnected again */
    close(client);
    close(listener);
}

static void an_unconnectable_socket_is_left_alone(void **state)
{
    struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT, .fallback_direct = true };
    struct sockaddr_storage address = { 0 }, peer = { 0 };
    socklen_t size = sizeof(struct sockaddr_in);
    int listener = make_listener(AF_INET, &address), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct endpoint target = target_of("192.0.2.9:22");
    struct route route = route_of(A " " B);
    struct dial dial;

    (void)state;
    clock_run();
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
    dial_start(&dial, &kernel_net, client, AF_INET, &target, &route, &limits);
    assert_int_equal(dial_step(&dial), DIAL_FAILED);
    assert_int_equal(dial.error, EISCONN);
    assert_int_equal(getpeername(client, (struct sockaddr *)&peer, &size), 0);
    assert_memory_equal(&peer, &address, sizeof(struct sockaddr_in));
    close(client);
    close(listener);
}

int main(void)
{
    ROWS(straight, story);
    ROWS(own, own_error_is_final);
    ROWS(roomy, nobody_else_reads);
    ROWS(refusals, story);
    ROWS(failovers, story);
    ROWS(deadlines, story);
    ROWS(addresses, story);
    ROWS(cures, story);
    ROWS(replacements, story_of_two_sockets);
    ROWS(fallbacks, story);
    STORY(interruption_is_told);
    STORY(the_deadline_is_the_earlier_one);
    STORY(a_proxy_that_failed_is_tried_last_for_a_while);
    STORY(a_proxy_that_moved_is_found_again);
    ROWS(kernel_rows, a_tunnel_through_the_kernel);
    ROWS(ends, the_proxy_goes_away);
    STORY(an_unconnectable_socket_is_left_alone);
    return rows_run("dial");
}
