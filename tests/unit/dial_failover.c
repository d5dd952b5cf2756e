/* The dial: from one proxy to the next, and to the target itself. */
#include "support/rows.h"
#include "support/configs.h"
#include "support/fake_clock.h"
#include "support/story.h"

#include <ptunnel/dial.h>

#include <errno.h>
#include <sys/socket.h>

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
    { "the target refuses, and the proxy did not take the connection", AF_INET, A,
      SCRIPT(CONNECT(A, EINPROGRESS), SEND_FAILS(EAGAIN), WRITES, PASS(ATTEMPT), SEND_FAILS(EAGAIN), BACK,
             CONNECT(TARGET, ETIMEDOUT), FAILS),
      ETIMEDOUT, "192.0.2.9:22: cannot connect: timed out", .fallback = true, .touched = true,
      .target = TARGET },
    { "the proxy is gone before it was asked", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND_FAILS(EPIPE), BACK, CONNECT(TARGET, 0), HANDED), 0, "192.0.2.9:22: direct",
      .fallback = true, .touched = true, .target = TARGET },
    { "not after silence", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST_TO_NINE), READS, PASS(TIMEOUT), PEEK_FAILS(EAGAIN), FAILS), ETIMEDOUT,
      "192.0.2.9:22 via 192.0.2.1:3128: the proxy did not answer in time", .fallback = true, .touched = true,
      .target = TARGET },
    { "not after an end of stream", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST_TO_NINE), READS, PEEK(""), BACK, FAILS), ECONNRESET,
      "192.0.2.9:22 via 192.0.2.1:3128: the proxy closed the connection before it had answered",
      .fallback = true, .target = TARGET },
    { "not after a part of the request", AF_INET, A,
      SCRIPT(CONNECT(A, 0), SEND_SOME(REQUEST_TO_NINE, 20), WRITES, SEND_FAILS(ECONNRESET), BACK, FAILS),
      ECONNRESET, NULL, .fallback = true, .target = TARGET },
    { "not if one of them was asked", AF_INET, A " " B,
      SCRIPT(CONNECT(A, 0), SEND(REQUEST_TO_NINE), READS, PASS(ATTEMPT), PEEK_FAILS(EAGAIN), BACK,
             CONNECT(B, ECONNREFUSED), BACK, FAILS),
      ECONNREFUSED, NULL, .fallback = true, .target = TARGET },
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

static bool may_wait = true;

static bool asks_whether_it_may_wait(const struct dial *dial)
{
    (void)dial;
    return may_wait;
}

static void run_to(const char *name, const char *proxies, struct route *route, const struct line *script)
{
    static const struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    struct endpoint target = target_of(name);
    struct dial dial;

    if (proxies)
        *route = story_route(proxies);
    script_start(script);
    dial_start(&dial, &scripted_net, SCRIPTED_FD, AF_INET, &target, route, &limits);
    dial.may_wait = asks_whether_it_may_wait;
    story_play(&dial);
}

static void run_once(const char *proxies, struct route *route, const struct line *script)
{
    run_to("t.test:22", proxies, route, script);
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

static void a_proxy_is_tried_last_after_two_targets_without_a_reply(void **state)
{
    struct route route;

    (void)state;
    clock_stop();
    run_once(A " " B, &route, SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK(""), BACK, SECOND));
    run_once(NULL, &route, SCRIPT(SECOND));
    run_to(TARGET, NULL, &route,
           SCRIPT(CONNECT(A, 0), SEND(REQUEST_TO_NINE), READS, PASS(ATTEMPT), PEEK_FAILS(EAGAIN), BACK,
                  CONNECT(B, 0), SEND(REQUEST_TO_NINE), READS, ANSWERED));
    run_to("u.test:22", NULL, &route,
           SCRIPT(CONNECT(B, 0), SEND("CONNECT u.test:22 HTTP/1.1\r\nHost: u.test:22\r\n\r\n"), READS, ANSWERED));
}

static void a_reply_between_them_counts_for_the_proxy(void **state)
{
    struct route route;

    (void)state;
    clock_stop();
    run_once(A " " B, &route, SCRIPT(CONNECT(A, 0), SEND(REQUEST), READS, PEEK(""), BACK, SECOND));
    run_to(TARGET, NULL, &route,
           SCRIPT(CONNECT(A, 0), SEND(REQUEST_TO_NINE), READS, PEEK("HTTP/1.1 404 x\r\n\r\n"), FAILS));
    run_to(TARGET, NULL, &route,
           SCRIPT(CONNECT(A, 0), SEND(REQUEST_TO_NINE), READS, PEEK(""), BACK, CONNECT(B, 0), SEND(REQUEST_TO_NINE),
                  READS, ANSWERED));
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
    may_wait = false;
    run_once(NULL, &route, SCRIPT(CONNECT(A, ECONNREFUSED), BACK, FAILS));
    may_wait = true;
    run_once(NULL, &route, SCRIPT(LOOK_UP("p.test", "192.0.2.2"), SECOND));
    clock_pass(3600000);
    run_once(NULL, &route, SCRIPT(SECOND));
}

int main(void)
{
    ROWS(failovers, story);
    ROWS(fallbacks, story);
    STORY(a_proxy_that_failed_is_tried_last_for_a_while);
    STORY(a_proxy_is_tried_last_after_two_targets_without_a_reply);
    STORY(a_reply_between_them_counts_for_the_proxy);
    STORY(a_proxy_that_moved_is_found_again);
    return rows_run("dial_failover");
}
