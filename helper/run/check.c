#include "check.h"
#include "explain.h"

#include "../common/libc_net.h"
#include "../common/usage.h"

#include <ptunnel/agent.h>
#include <ptunnel/dial.h>
#include <ptunnel/log.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SLOW = 3000 /* ms */, CANDIDATE_TIMEOUT = 10000, TLS_TIMEOUT = 2000, USUAL_PORT = 443 };

static char *const anything[] = { "example.com:443", NULL };

/* What each result means to a user, and what to do about it. */
static const struct {
    enum check_result result;
    const char *problem, *remedy;
} advice[] = {
    { CHECK_NO_PROXY, "there is no proxy to check: this configuration tunnels nothing",
      "name one with -p HOST:PORT or in the rule file, and what is to go through it" },
    { CHECK_NAME, "the proxy's name does not resolve",
      "check its spelling, and that you are in the network where it is known" },
    { CHECK_UNREACHABLE, "nobody answers at this address and port",
      "check the port (often 3128 or 8080), and whether a VPN is needed to get there" },
    { CHECK_SILENT, "no answer",
      "a firewall may swallow it, or the proxy hangs: try again, or ask who runs it" },
    { CHECK_NOT_HTTP, "what answers there is no HTTP proxy with CONNECT",
      "check the port; neither a SOCKS proxy nor a web server will do" },
    { CHECK_TLS, "the port speaks TLS only",
      "use the proxy's plain port, or put stunnel in front of it and give its local address" },
    { CHECK_CREDENTIALS, "the proxy wants to know who you are",
      "give -U and -P; if it offers only Negotiate, NTLM or Digest, add --auth with that word" },
    { CHECK_WRONG_CREDENTIALS, "the proxy does not accept this user and password",
      "check them, and that they belong to this proxy" },
    { CHECK_FORBIDDEN, "the proxy forbids this target",
      "many proxies allow CONNECT only to port 443: use a port that it allows, or ask who runs it" },
    { CHECK_TARGET_NAME, "the proxy does not know the target or a way to it",
      "check the target's name; the proxy resolves it, not this machine" },
    { CHECK_TARGET_REFUSED, "the proxy cannot connect to the target",
      "check the target's port, and that its service runs" },
    { CHECK_SLOW, "it works, but slowly", "raise --timeout if programs give up" },
    { CHECK_ILL, "the proxy says that it is ill itself",
      "try again, or ask who runs it; another one as a second -p would be used" },
    { CHECK_NO_TICKET, "there is no Kerberos ticket that the proxy accepts",
      "run kinit; klist shows what there is, and until when" },
    { CHECK_NO_SERVICE, "Kerberos does not know the proxy by the name that was given",
      "give -p the proxy's full name as Kerberos has it, or name the service: --service HTTP@HOST" },
    { CHECK_NO_KDC, "no Kerberos server can be reached", "check krb5.conf, and whether a VPN is needed" },
    { CHECK_CLOCK, "this machine's clock is wrong, for Kerberos", "set it: five minutes are too much" },
    { CHECK_NO_LIBRARY, "a library is missing", "install the package that is named above" },
    { CHECK_AGENT, "ptunnel-agent has no answer for this proxy",
      "its words are above; it is started by ptunnel-run" },
    { CHECK_REFUSED, "the proxy refuses", "its words are above; ask who runs it" },
};

static enum check_result advise(enum check_result result)
{
    for (size_t i = 0; i < sizeof advice / sizeof *advice; i++)
        if (advice[i].result == result)
            printf("    problem: %s\n    what to do: %s\n", advice[i].problem, advice[i].remedy);
    return result;
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
        return reply->status == 400 || reply->status == 405 || reply->status == 501 ? CHECK_NOT_HTTP
               : reply->status >= 500                                               ? CHECK_TARGET_REFUSED
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

static enum check_result of_dial(const struct dial *dial, int milliseconds)
{
    if (dial->settled == DIAL_OPEN)
        return milliseconds > SLOW ? CHECK_SLOW : CHECK_FINE;
    if (dial->legs.words[0])
        return of_cause((enum agent_cause)dial->legs.cause);
    if (dial->handshake.state == HANDSHAKE_REFUSED)
        return of_reply(&dial->handshake.reply, dial->route->candidates[0].proxy.has_credentials);
    if (dial->error == ETIMEDOUT)
        return CHECK_SILENT;
    return dial->failed_in == DIAL_STATE_READ ? CHECK_NOT_HTTP : CHECK_UNREACHABLE;
}

static int wait_for(int fd, short events, struct deadline end)
{
    struct pollfd ready = { .fd = fd, .events = events };

    return poll(&ready, 1, deadline_left(end));
}

/* Whether what refused to speak HTTP speaks TLS: it answers a ClientHello with a handshake or an alert
 * record. */
static bool speaks_tls(const struct dial *dial, int family)
{
    /* RFC 5246 7.4.1.2, TLS 1.2: 5 cipher suites, no compression; 2 groups and 4 signature algorithms,
     * without which some servers close and say nothing */
    /* clang-format off */
    static const unsigned char hello[5 + 4 + 75] = {
        22, 3, 1, 0, 79, 1, 0, 0, 75, 3, 3, /* 32 bytes, random but for us */
        [11 + 32] = 0, 0, 10, 0xc0, 0x2f, 0xc0, 0x2b, 0xc0, 0x30, 0xc0, 0x2c, 0, 0x2f, 1, 0,
        0, 24, 0, 10, 0, 6, 0, 4, 0, 29, 0, 23, 0, 13, 0, 10, 0, 8, 4, 3, 8, 4, 4, 1, 5, 1,
    };
    /* clang-format on */
    struct endpoint to = { .literal = true,
                           .port = dial->route->candidates[0].proxy.at.port,
                           .address = dial->reached };
    struct deadline end = deadline_in(TLS_TIMEOUT);
    struct sockaddr_storage address;
    socklen_t size = endpoint_to_sockaddr(&to, family, &address);
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    unsigned char answer[3] = { 0 };
    bool tls = fd >= 0 && (connect(fd, (struct sockaddr *)&address, size) == 0 || errno == EINPROGRESS) &&
               wait_for(fd, POLLOUT, end) == 1 &&
               send(fd, hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello &&
               wait_for(fd, POLLIN, end) == 1 && recv(fd, answer, sizeof answer, 0) == sizeof answer &&
               (answer[0] == 21 || answer[0] == 22) && answer[1] == 3;

    if (fd >= 0)
        close(fd);
    return tls;
}

/* What it took, of a proxy that has an account. */
static void print_legs(const struct dial *dial)
{
    const struct account *account = dial->route->candidates[0].proxy.account;
    const char *schemes = account ? strchr(account->words, ' ') + 1 : NULL;

    if (account)
        printf("    auth %.*s: %u request%s, the last one with %u bytes for the proxy\n",
               (int)strcspn(schemes, " "), schemes, dial->legs.count, dial->legs.count == 1 ? "" : "s",
               (unsigned)dial->legs.field_size);
}

static enum check_result drive(struct dial *dial, const char *name)
{
    char words[LOG_LINE_SIZE];
    struct text line = text_in(words, sizeof words);
    int64_t started = deadline_now();
    enum dial_want want;
    int milliseconds;

    while ((want = dial_step(dial)) == DIAL_WANT_READ || want == DIAL_WANT_WRITE)
        wait_for(dial->fd, want == DIAL_WANT_READ ? POLLIN : POLLOUT, dial_deadline(dial));
    milliseconds = (int)((deadline_now() - started) / 1000000);
    if (want == DIAL_OPEN)
        printf("  %s: open after %d ms\n", name, milliseconds);
    else {
        dial_describe(dial, &line);
        printf("  %s\n", words);
    }
    print_legs(dial);
    return of_dial(dial, milliseconds);
}

/* Checks the candidate with sockets of that family, at each of its addresses that such a socket can use. */
static enum check_result check_over(int family, struct candidate *candidate, const char *target)
{
    static const struct dial_limits limits = { .timeout = CANDIDATE_TIMEOUT, .attempt = CANDIDATE_TIMEOUT };
    struct route route = { .count = 1, .candidates = candidate };
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    enum check_result result;
    struct endpoint endpoint;
    struct dial dial;

    if (fd < 0) {
        printf("  %s: no socket: %s\n", target, strerror(errno));
        return CHECK_UNREACHABLE;
    }
    endpoint_parse(&endpoint, target, strlen(target), USUAL_PORT);
    dial_start(&dial, &libc_net, fd, family, &endpoint, &route, &limits);
    dial.legs.authenticate = agent_authenticate;
    result = drive(&dial, target);
    close(fd);
    return (result == CHECK_NOT_HTTP || result == CHECK_SILENT) && speaks_tls(&dial, family) ? CHECK_TLS
                                                                                             : result;
}

/* The family of an address of the proxy: an IPv6 socket reaches the others too,
 * but an IPv4 one only its own. */
static int family_of(const struct addresses *list, size_t number)
{
    struct endpoint one = { .literal = true, .address = list->at[number].address };

    return endpoint_is_v4(&one) ? AF_INET : AF_INET6;
}

static enum check_result check_target(struct candidate *candidate, const struct addresses *list,
                                      const char *target)
{
    enum check_result result = check_over(family_of(list, 0), candidate, target);

    for (size_t i = 1; i < list->count && family_of(list, 0) == AF_INET; i++)
        if (family_of(list, i) == AF_INET6 && (result == CHECK_UNREACHABLE || result == CHECK_SILENT)) {
            result = check_over(AF_INET6, candidate, target);
            break;
        }
    return advise(result);
}

static void print_addresses(const struct addresses *list)
{
    char host[ENDPOINT_TEXT_SIZE];

    for (size_t i = 0; i < list->count; i++) {
        struct endpoint one = { .literal = true, .address = list->at[i].address };

        endpoint_print_host(&one, host);
        printf("%s%s", i ? ", " : "  addresses: ", host);
    }
    printf("\n");
}

static enum check_result check_candidate(struct candidate *candidate, char *const *targets)
{
    const struct addresses *list = candidate_addresses(candidate, &libc_net);
    char authority[ENDPOINT_TEXT_SIZE];
    enum check_result first = CHECK_FINE, result;

    endpoint_print(&candidate->proxy.at, authority);
    printf("proxy %s%s\n", authority, candidate->proxy.has_credentials ? ", with credentials" : "");
    if (!list)
        return advise(CHECK_NAME);
    if (!candidate->proxy.at.literal)
        print_addresses(list);
    for (; *targets; targets++) {
        result = check_target(candidate, list, *targets);
        if (first == CHECK_FINE)
            first = result;
    }
    return first;
}

/* Says which targets the rules do not tunnel: the check asks the proxies whatever the rules say. */
static void tell_untunnelled(const struct config *config, char *const *targets)
{
    struct endpoint endpoint;

    for (; *targets; targets++) {
        endpoint_parse(&endpoint, *targets, strlen(*targets), USUAL_PORT);
        if (config_decide(config, &endpoint).verdict == VERDICT_TUNNEL)
            continue;
        printf("note: no program is tunnelled there: ");
        explain_target(config, &endpoint);
    }
}

static bool are_targets(char *const *targets)
{
    struct endpoint endpoint;
    bool good = true;

    for (; *targets; targets++) {
        const char *wrong = endpoint_parse(&endpoint, *targets, strlen(*targets), USUAL_PORT);

        if (wrong)
            usage_complain("--check '%s': %s", *targets, wrong);
        good &= !wrong;
    }
    return good;
}

enum check_result check_proxies(const struct config *config, char **targets)
{
    const struct config_route *route;
    enum check_result first = CHECK_FINE, result;
    size_t proxies = 0;

    if (!are_targets(targets))
        return CHECK_WRONG_TARGET;
    for (size_t number = 0; (route = config_route(config, number)); number++) {
        if (route->route.name)
            printf("route %s\n", route->route.name);
        proxies += route->route.count;
        for (size_t i = 0; i < route->route.count; i++) {
            result = check_candidate(&route->route.candidates[i], targets[0] ? targets : anything);
            if (first == CHECK_FINE)
                first = result;
        }
    }
    tell_untunnelled(config, targets);
    return proxies ? first : advise(CHECK_NO_PROXY);
}
