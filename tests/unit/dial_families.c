/* The dial: proxies with addresses that the program's socket can reach, or not. */
#include "support/rows.h"
#include "support/story.h"

#include <ptunnel/dial.h>

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>

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

static void story_of_two_sockets(void **state)
{
    story_tell(*state, scripted_replace);
}

int main(void)
{
    ROWS(addresses, story);
    ROWS(cures, story);
    ROWS(replacements, story_of_two_sockets);
    return rows_run("dial_families");
}
