#include "trial.h"
#include "ask.h"
#include "seen.h"
#include "terminal.h"

#include <ptunnel/agent.h>
#include <ptunnel/log.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BEHIND = 1500 /* ms: v2ray closes a second after its 200 */, FIRST_WORDS = 60 };

static int wait_for(int fd, short events, struct deadline end)
{
    struct pollfd ready = { .fd = fd, .events = events };

    return poll(&ready, 1, deadline_left(end));
}

/* Where the last connection went. */
static struct endpoint reached(const struct trial *trial)
{
    const struct endpoint *proxy = &trial->route.candidates[0].proxy.at;

    return (struct endpoint){
        .literal = true, .port = proxy->port, .scope = proxy->scope, .address = trial->dial.reached
    };
}

static bool is_open_to_doubt(const struct reply *reply)
{
    return reply->status == 400 || reply->status == 405 || reply->status == 501;
}

static enum check_result of_reply(const struct reply *reply, bool has_credentials)
{
    if (reply->status == 0)
        return CHECK_NOT_HTTP;
    if (reply->status == 407 || reply->status == 401)
        return has_credentials ? CHECK_WRONG_CREDENTIALS : CHECK_CREDENTIALS;
    if (reply->proxy_ill)
        return CHECK_ILL;
    switch (reply_error(reply)) {
    case EACCES:
        return CHECK_FORBIDDEN;
    case EHOSTUNREACH:
    case ENETUNREACH:
        return CHECK_TARGET_NAME;
    case ETIMEDOUT:
        return CHECK_TARGET_REFUSED;
    default:
        if (reply->cause || reply->said)
            return CHECK_TARGET_REFUSED; /* Tor: 403 Forbidden (connection refused) */
        return is_open_to_doubt(reply) ? CHECK_NOT_HTTP
               : reply->status >= 500  ? CHECK_TARGET_REFUSED
                                       : CHECK_REFUSED;
    }
}

/* Why there was no answer for a proxy that wants to know who asks. */
static enum check_result of_cause(enum agent_cause cause)
{
    static const enum check_result results[AGENT_CAUSES] = {
        [AGENT_OTHER] = CHECK_AGENT,
        [AGENT_TICKET] = CHECK_NO_TICKET,
        [AGENT_SERVICE] = CHECK_NO_SERVICE,
        [AGENT_KDC] = CHECK_NO_KDC,
        [AGENT_CLOCK] = CHECK_CLOCK,
        [AGENT_LIBRARY] = CHECK_NO_LIBRARY,
        [AGENT_PASSWORD] = CHECK_WRONG_CREDENTIALS,
        [AGENT_SCHEME] = CHECK_CREDENTIALS,
    };

    return results[cause];
}

/* From the reply that was read last. */
static void learn_kind(struct trial *trial)
{
    static const char *const fields[] = { "Proxy-Agent", "Server", "Via" };
    struct text kind = text_in(trial->kind, sizeof trial->kind);

    for (size_t i = 0; !trial->knows_kind && i < sizeof fields / sizeof *fields; i++)
        trial->knows_kind = seen_field(fields[i], &kind);
}

/* Whether the proxy answers anything else. It is said at once, since the first answer may take minutes. */
static void ask_whether_alive(struct trial *trial)
{
    struct endpoint at = reached(trial);

    trial->asked = true;
    trial->alive = ask_tunnel(&at, &trial->route.candidates[0].proxy) != ASK_SILENT;
    learn_kind(trial);
    seen_start(); /* what comes from here on is the first connection's again */
    if (trial->brief)
        return;
    terminal_waited();
    printf("  %s: no answer yet; the proxy %s\n", trial->dial.authority,
           trial->alive ? "answers another request at once: it is still trying to reach the target"
                        : "does not answer another request either");
    fflush(stdout);
}

static enum dial_want drive(struct trial *trial)
{
    struct dial *dial = &trial->dial;
    struct deadline patience = deadline_never();
    enum dial_want want;

    while ((want = dial_step(dial)) == DIAL_WANT_READ || want == DIAL_WANT_WRITE) {
        bool reads = dial->state == DIAL_STATE_READ;

        if (reads && !trial->asked && patience.at == deadline_never().at)
            patience = deadline_in(TRIAL_PATIENCE);
        wait_for(dial->fd, want == DIAL_WANT_READ ? POLLIN : POLLOUT,
                 trial->asked ? dial_deadline(dial) : deadline_earlier(dial_deadline(dial), patience));
        if (!reads || trial->asked || !deadline_passed(patience) ||
            wait_for(dial->fd, POLLIN, deadline_in(0)))
            continue;
        ask_whether_alive(trial);
        if (trial->brief && trial->alive)
            break;
    }
    return want;
}

/* What the proxy's status in the tunnel's first bytes is. */
static enum check_result of_http(struct text *line, const char *bytes, size_t size)
{
    text_add(line, "the proxy said 200, and then inside the tunnel: ");
    text_add_foreign(line, bytes, strcspn(bytes, "\r\n") < size ? strcspn(bytes, "\r\n") : size, FIRST_WORDS);
    return CHECK_FALSE_OPEN;
}

/* Sends nothing: a target that waits for its client stays as it was. */
static enum check_result look_behind(struct trial *trial, struct text *line, unsigned milliseconds)
{
    char bytes[256 + 1];
    int64_t started = deadline_now();
    int came = wait_for(trial->dial.fd, POLLIN, deadline_in(BEHIND));
    ssize_t got = came == 1 ? recv(trial->dial.fd, bytes, sizeof bytes - 1, MSG_PEEK | MSG_DONTWAIT) : -1;

    if (came == 1 && got <= 0 && (got == 0 || errno != EAGAIN)) {
        text_print(line, "the proxy said 200, and closed the connection after %u ms",
                   (unsigned)((deadline_now() - started) / 1000000));
        return CHECK_FALSE_OPEN;
    }
    bytes[got > 0 ? got : 0] = '\0';
    if (got > 0 && strncmp(bytes, "HTTP/1.", strlen("HTTP/1.")) == 0)
        return of_http(line, bytes, (size_t)got);
    text_print(line, "open after %u ms", milliseconds);
    text_add(line, got > 0
                       ? ", and the target says: "
                       : ", and nothing came from the target yet (some proxies say 200 before they connect)");
    if (got > 0)
        text_add_foreign(line, bytes, strcspn(bytes, "\r\n"), FIRST_WORDS);
    return milliseconds > TRIAL_PATIENCE ? CHECK_SLOW : CHECK_FINE;
}

/* Of one that closed without a word, or did not like the request: proxies refuse GET with a path alone, or show a
 * page of their own; servers have one. */
static enum check_result doubt(struct trial *trial, bool closed)
{
    struct endpoint at = reached(trial);
    int status;

    if (ask_tls(&at))
        return CHECK_TLS;
    status = ask_page(&at);
    return status > 0 && (closed || status == 400 || status >= 500) ? CHECK_MUTE : CHECK_NOT_HTTP;
}

static enum check_result of_silence(struct trial *trial)
{
    struct endpoint at = reached(trial);

    if (trial->dial.failed_in != DIAL_STATE_READ)
        return CHECK_SILENT;
    if (!trial->asked)
        ask_whether_alive(trial);
    if (trial->alive)
        return CHECK_TARGET_SILENT;
    return ask_tls(&at) ? CHECK_TLS : CHECK_SILENT;
}

static enum check_result of_refusal(struct trial *trial)
{
    const struct reply *reply = &trial->dial.handshake.reply;
    enum check_result result = of_reply(reply, trial->route.candidates[0].proxy.has_credentials);
    struct text page = text_in(trial->page, sizeof trial->page);
    struct endpoint at = reached(trial);

    if (reply->status > 0) {
        seen_rest(trial->dial.fd);
        learn_kind(trial);
        if (result != CHECK_CREDENTIALS && result != CHECK_WRONG_CREDENTIALS)
            seen_page(&page);
    }
    if (result == CHECK_NOT_HTTP && reply->status == 400)
        return doubt(trial, false);
    return result == CHECK_NOT_HTTP && ask_tls(&at) ? CHECK_TLS : result;
}

static enum check_result of_failure(struct trial *trial)
{
    const struct dial *dial = &trial->dial;

    if (dial->legs.words[0])
        return of_cause((enum agent_cause)dial->legs.cause);
    if (dial->handshake.state == HANDSHAKE_REFUSED)
        return of_refusal(trial);
    if (dial->error == ETIMEDOUT)
        return of_silence(trial);
    return dial->failed_in == DIAL_STATE_READ ? doubt(trial, true) : CHECK_UNREACHABLE;
}

/* Another socket, of IPv6, for a proxy with addresses of both families. It stays. */
static int reach_both(struct dial *dial, enum dial_socket kind)
{
    int fd = kind == DIAL_REACH_BOTH ? socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;

    if (fd < 0)
        return -EAFNOSUPPORT;
    dup3(fd, dial->fd, O_CLOEXEC);
    close(fd);
    dial->family = AF_INET6;
    return 0;
}

static enum check_result judge(struct trial *trial, enum dial_want want, unsigned milliseconds)
{
    struct text line = text_in(trial->words, sizeof trial->words);

    if (want == DIAL_OPEN) {
        learn_kind(trial);
        return look_behind(trial, &line, milliseconds);
    }
    if (want == DIAL_FAILED) {
        dial_describe(&trial->dial, &line);
        return of_failure(trial);
    }
    text_print(&line, "no answer after %u ms", milliseconds);
    return CHECK_TARGET_SILENT;
}

enum check_result trial_run(struct trial *trial, struct candidate *candidate, const struct endpoint *target,
                            const struct dial_limits *limits)
{
    const struct addresses *list = candidate_addresses(candidate, &seen_net);
    struct endpoint first = { .literal = true, .address = list->at[0].address };
    int family = endpoint_is_v4(&first) ? AF_INET : AF_INET6;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int64_t started = deadline_now();
    enum check_result result;
    enum dial_want want;

    if (fd < 0) {
        snprintf(trial->words, sizeof trial->words, "no socket: %s", strerror(errno));
        return CHECK_UNREACHABLE;
    }
    trial->route = (struct route){ .count = 1, .candidates = candidate };
    trial->limits = (struct dial_limits){ .timeout = limits->timeout, .attempt = limits->attempt };
    seen_start();
    dial_start(&trial->dial, &seen_net, fd, family, target, &trial->route, &trial->limits);
    trial->dial.legs.authenticate = agent_authenticate;
    trial->dial.replace = reach_both;
    terminal_waiting("  %s: asking, for at most %d s", trial->dial.authority, limits->timeout / 1000);
    want = drive(trial);
    result = judge(trial, want, (unsigned)((deadline_now() - started) / 1000000));
    terminal_waited();
    if (want != DIAL_OPEN && want != DIAL_FAILED)
        leg_drop(&trial->dial);
    close(fd);
    return result;
}

bool trial_port_may_matter(const struct trial *trial)
{
    return trial->dial.target.port != 443 && reply_hides_why(&trial->dial.handshake.reply);
}

void trial_ask_kind(struct trial *trial, const struct candidate *candidate)
{
    struct endpoint at = reached(trial);

    ask_tunnel(&at, &candidate->proxy);
    learn_kind(trial);
}

bool trial_ask_offers(struct trial *trial, const struct candidate *candidate, struct text *out)
{
    struct endpoint at = reached(trial);

    return ask_tunnel(&at, &candidate->proxy) == 407 && seen_offers(out);
}
