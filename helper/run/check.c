#include "check.h"
#include "ask.h"
#include "explain.h"
#include "target.h"
#include "terminal.h"
#include "trial.h"

#include "../common/agency.h"
#include "../common/libc_net.h"
#include "../common/usage.h"

#include <ptunnel/agent.h>
#include <ptunnel/brand.h>
#include <ptunnel/dial.h>
#include <ptunnel/log.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { USUAL_PORT = 443, ADVICE_MOST = 64 };

static char *const anything[] = { "example.com", NULL };
static const uint16_t usual_ports[] = { 22, 80, 443, 465, 587, 993 };

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
      "ask who runs it: it forbids this host, or CONNECT as a whole" },
    { CHECK_TARGET_NAME, "the proxy does not know the target or a way to it",
      "check the target's name; the proxy resolves it, not this machine" },
    { CHECK_TARGET_REFUSED, "the proxy cannot connect to the target",
      "check the target's port, and that its service runs" },
    { CHECK_FALSE_OPEN, "the proxy says 200 before it connects, and could not connect",
      "check the target's name and port, and that its service runs" },
    { CHECK_TARGET_SILENT, "the proxy is alive, and still trying: the target does not answer it",
      "check the target's address and port; a firewall behind the proxy may swallow the packets" },
    { CHECK_MUTE,
      "it gives no reason: it is a web server, or a proxy that says nothing when it cannot reach the target",
      "try a target that works; for the proxy's port ask who runs it" },
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

static const char for_another_port[] =
    "use a port that it allows (--check --ports tells which), or ask who runs it";

/* What all of them share. */
struct check {
    const struct config *config;
    bool ports;              /* --ports */
    bool anything;           /* no target was given */
    bool given[ADVICE_MOST]; /* the advice that was given for this proxy: it is not repeated */
};

static enum check_result advise(struct check *check, enum check_result result, const struct trial *trial)
{
    bool port = result == CHECK_FORBIDDEN && trial && trial_port_may_matter(trial);

    for (size_t i = 0; i < sizeof advice / sizeof *advice; i++) {
        if (advice[i].result != result)
            continue;
        printf("    %sproblem:%s %s\n", terminal_tint(TINT_BAD), terminal_plain(), advice[i].problem);
        if (!check->given[i + (port ? ADVICE_MOST / 2 : 0)])
            printf("    %swhat to do:%s %s\n", terminal_tint(TINT_OTHER), terminal_plain(),
                   port ? for_another_port : advice[i].remedy);
        check->given[i + (port ? ADVICE_MOST / 2 : 0)] = true;
    }
    return result;
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

/* Whose ticket is shown, until when, and by which name Kerberos was asked for the proxy. */
static void print_ticket(const struct account *account)
{
    const struct ticket *ticket = account ? agency_ticket(account) : NULL;
    time_t ends = ticket ? (time_t)ticket->ends : 0;
    char until[32] = "";

    if (ends)
        strftime(until, sizeof until, ", until %F %H:%M", localtime(&ends));
    if (ticket)
        printf("  ticket of %s%s, for the service %s\n", ticket->who, until, ticket->service);
}

/* What a proxy with an account wants of one that does not say who it is. */
static void tell_offers(struct candidate *candidate, struct trial *trial)
{
    char words[120];
    struct text offers = text_in(words, sizeof words);

    if (candidate->proxy.account && trial_ask_offers(trial, candidate, &offers))
        printf("  asked without --auth it offers %s\n", words);
}

/* Whether the target, or what is behind the proxy, is the reason, and the proxy itself does what it should. */
static bool is_targets_fault(enum check_result result)
{
    return result == CHECK_TARGET_NAME || result == CHECK_TARGET_REFUSED || result == CHECK_TARGET_SILENT ||
           result == CHECK_FALSE_OPEN;
}

/* A table of ports calls those allowed whose target alone is to blame. */
static enum tint tint_of(enum check_result result)
{
    return result == CHECK_FINE || result == CHECK_SLOW ? TINT_GOOD
           : is_targets_fault(result)                   ? TINT_OTHER
                                                        : TINT_BAD;
}

/* Says which target it was if the user has named none: a network need not know it. */
static enum check_result tell(struct check *check, const struct trial *trial, enum check_result result)
{
    bool failed = trial->dial.settled == DIAL_FAILED;

    printf("  %s%s%s%s%s\n", failed ? "" : trial->dial.authority, failed ? "" : ": ",
           terminal_tint(tint_of(result)), trial->words, terminal_plain());
    print_legs(&trial->dial);
    if (trial->page[0])
        printf("    its page says: %s\n", trial->page);
    if (!check->anything || !is_targets_fault(result))
        return advise(check, result, trial);
    printf("    %s was tried since no target is given, and is not to be reached from there; but the proxy "
           "answers:\n"
           "    name the target that you want\n",
           trial->dial.authority);
    return CHECK_FINE;
}

static const char *row_word(enum check_result result)
{
    return result == CHECK_FINE || result == CHECK_SLOW ? "" /* the words begin with "open" */
           : result == CHECK_FORBIDDEN                  ? "forbidden: "
           : is_targets_fault(result)                   ? "allowed: "
                                                        : "failed: ";
}

/* A table. Which ports are allowed is what it is about, so one that is will do. */
static enum check_result check_ports(struct check *check, struct candidate *candidate, struct target *target,
                                     struct trial *trial)
{
    bool allowed = false;
    enum check_result first = CHECK_FINE, result;

    for (size_t i = 0; i < target->count; i++) {
        const char *words;

        target->at.port = target->ports[i];
        *trial = (struct trial){ .brief = true, .knows_kind = trial->knows_kind };
        result = trial_run(trial, candidate, &target->at, config_limits(check->config));
        words = trial->dial.settled == DIAL_FAILED ? strstr(trial->words, ": ") : NULL;
        printf("  %s: %s%s%s%s\n", trial->dial.authority, terminal_tint(tint_of(result)), row_word(result),
               words ? words + 2 : trial->words, terminal_plain());
        fflush(stdout);
        allowed |= result == CHECK_FINE || result == CHECK_SLOW || is_targets_fault(result);
        if (first == CHECK_FINE)
            first = result;
    }
    return allowed ? CHECK_FINE : advise(check, first, trial);
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

/* What it is, and what is known of its kind. One that says nothing of itself when all is well is asked for what
 * it refuses. */
static void tell_kind(struct candidate *candidate, struct trial *trial)
{
    const struct brand *brand;

    if (!trial->knows_kind && trial->dial.settled == DIAL_OPEN)
        trial_ask_kind(trial, candidate);
    if (!trial->kind[0])
        return;
    brand = brand_of(trial->kind, strlen(trial->kind));
    printf("  it says that it is %s\n", trial->kind);
    if (brand && brand->idle)
        printf("    such a proxy cuts tunnels that are quiet for %d s: ssh -o ServerAliveInterval=%d\n",
               brand->idle, brand->idle / 2 < 60 ? brand->idle / 2 : 60);
    if (brand && brand->cuts)
        printf("    it ends both directions when a program ends its own: see HALF-CLOSE in "
               "ptunnel-proxies(7)\n");
}

static enum check_result check_target(struct check *check, struct candidate *candidate, const char *words,
                                      struct trial *trial)
{
    struct target target;

    target_parse(&target, words, USUAL_PORT);
    if (check->ports && !target.has_port) {
        target.count = sizeof usual_ports / sizeof *usual_ports;
        memcpy(target.ports, usual_ports, sizeof usual_ports);
    }
    if (target.count > 1)
        return check_ports(check, candidate, &target, trial);
    trial->brief = trial->asked = trial->alive = false;
    trial->page[0] = '\0';
    return tell(check, trial, trial_run(trial, candidate, &target.at, config_limits(check->config)));
}

static enum check_result check_candidate(struct check *check, struct candidate *candidate,
                                         char *const *targets)
{
    const struct addresses *list = candidate_addresses(candidate, &libc_net);
    char authority[ENDPOINT_TEXT_SIZE];
    enum check_result first = CHECK_FINE, result;
    static struct trial trial;

    endpoint_print(&candidate->proxy.at, authority);
    printf("%sproxy %s%s%s\n", terminal_tint(TINT_TITLE), authority, terminal_plain(),
           candidate->proxy.has_credentials ? ", with credentials" : "");
    memset(check->given, 0, sizeof check->given);
    if (!list)
        return advise(check, CHECK_NAME, NULL);
    if (!candidate->proxy.at.literal)
        print_addresses(list);
    print_ticket(candidate->proxy.account);
    trial = (struct trial){ 0 };
    for (; *targets; targets++) {
        result = check_target(check, candidate, *targets, &trial);
        if (first == CHECK_FINE)
            first = result;
    }
    tell_offers(candidate, &trial);
    tell_kind(candidate, &trial);
    return first;
}

/* Says which targets the rules do not tunnel: the check asks the proxies whatever the rules say. */
static void tell_untunnelled(const struct config *config, char *const *targets)
{
    for (; *targets; targets++) {
        struct target target;

        target_parse(&target, *targets, USUAL_PORT);
        for (size_t i = 0; i < target.count; i++) {
            target.at.port = target.ports[i];
            if (config_decide(config, &target.at).verdict == VERDICT_TUNNEL)
                continue;
            printf("note: no program is tunnelled there: ");
            explain_target(config, &target.at);
        }
    }
}

static bool are_targets(char *const *targets)
{
    struct target target;
    bool good = true;

    for (; *targets; targets++) {
        const char *wrong = target_parse(&target, *targets, USUAL_PORT);

        if (wrong)
            usage_complain("--check '%s': %s", *targets, wrong);
        good &= !wrong;
    }
    return good;
}

enum check_result check_proxies(const struct config *config, char **targets, bool ports)
{
    struct check check = { .config = config, .ports = ports, .anything = !targets[0] };
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
            result = check_candidate(&check, &route->route.candidates[i], targets[0] ? targets : anything);
            if (first == CHECK_FINE)
                first = result;
        }
    }
    tell_untunnelled(config, targets);
    return proxies ? first : advise(&check, CHECK_NO_PROXY, NULL);
}
