#include "setup.h"
#include "../common/agency.h"
#include "../common/libc_net.h"
#include "../relay/loop.h"

#include <ptunnel/hosts.h>
#include <ptunnel/log.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMPLAINTS_SIZE = 16 * 1024 };

/* The environment as it counts here. PTUNNEL_CONFIG is what ptunnel-run hands to the library, PTUNNEL_PROXY is asked
 * for below; no_proxy is for programs that are told of a target by others, while an operand was written by the
 * user. */
static const char *variable(const char *name)
{
    static const char *const ignored[] = { "PTUNNEL_CONFIG", "PTUNNEL_PROXY", "PTUNNEL_LOOPBACK", "no_proxy",
                                           "NO_PROXY" };

    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        if (strcmp(name, ignored[i]) == 0)
            return NULL;
    return getenv(name);
}

/* PTUNNEL_PROXY, unless -p or the file of -r names a proxy. */
static const char *proxy_variable(const struct shared_options *options)
{
    const char *urls = getenv("PTUNNEL_PROXY");
    bool file = !options->proxy.count && rule_options_file_has_proxy(&options->rules);

    if (!urls || !urls[0] || !(options->proxy.count || file))
        return urls;
    log_print(LOG_CONNECTION, "PTUNNEL_PROXY is not used: %s names a proxy", file ? "-r" : "-p");
    return NULL;
}

/* -U without -p: for the proxy that a file or another variable names. */
static int load_with_user(struct setup *setup, struct shared_options *options, struct text *wrong)
{
    static char proxies[PROXY_LIST_SIZE];
    const char *urls = config_route(setup->config, 0)->urls;
    int result;

    if (!urls || !options->proxy.user)
        return 0;
    if (!proxy_options_merge(&options->proxy, urls, proxies) ||
        !rule_options_add(&options->rules, "-U", "proxy", proxies))
        return -EINVAL;
    result = config_load(&setup->config, &options->rules.all, variable, &libc_net, wrong);
    explicit_bzero(proxies, sizeof proxies);
    return result;
}

/* What the command line says, as the lines of a rule file that come before its own. */
static int load(struct setup *setup, struct shared_options *options, struct text *wrong)
{
    static char proxies[PROXY_LIST_SIZE];
    const char *origin = options->proxy.count ? "-p" : "PTUNNEL_PROXY";
    int result;

    if (!proxy_options_merge(&options->proxy, proxy_variable(options), proxies))
        return -EINVAL;
    if (proxies[0] && !rule_options_add(&options->rules, origin, "proxy", proxies))
        return -EINVAL;
    result = config_load(&setup->config, &options->rules.all, variable, &libc_net, wrong);
    if (result == 0 && !proxies[0])
        result = load_with_user(setup, options, wrong);
    explicit_bzero(proxies, sizeof proxies);
    if (result == 0 && agency_tell(setup->config, true, false) != AGENCY_FINE)
        return -EACCES; /* there are words about it */
    return result;
}

static void open_log_or_exit(const struct shared_options *options)
{
    const char *variable = getenv("PTUNNEL_LOG"), *format = getenv("PTUNNEL_LOG_FORMAT");
    const char *path = options->log;

    if (!path && variable && *variable)
        path = variable;
    if (path && !shared_options_log_writable(options->log ? "--log" : "PTUNNEL_LOG", path))
        exit(EXIT_OTHER);
    if (!options->log_format && format && *format && !shared_options_log_format("PTUNNEL_LOG_FORMAT", format))
        exit(EXIT_OTHER);
    log_own_stderr();
    log_open(&libc_net, (enum log_level)options->verbose, path, false);
}

/* Without a proxy nothing is tunnelled, and the rest of the configuration, its times above all, still counts. */
static int load_without_proxy(struct setup *setup, struct shared_options *options, struct text *wrong)
{
    if (!rule_options_add(&options->rules, "-d", "default", "direct"))
        return -ENOMEM;
    return config_load(&setup->config, &options->rules.all, variable, &libc_net, wrong);
}

struct setup setup_or_exit(struct options *options)
{
    static char words[COMPLAINTS_SIZE];
    struct text wrong = text_in(words, sizeof words);
    struct setup setup = { 0 };
    int result;

    loop_allow_descriptors();
    open_log_or_exit(&options->shared);
    result = load(&setup, &options->shared, &wrong);
    if (result == -ENOENT && options->direct)
        result = load_without_proxy(&setup, &options->shared, &wrong);
    proxy_options_forget(&options->shared.proxy);
    for (char *line = strtok(words, "\n"); line; line = strtok(NULL, "\n"))
        usage_complain("%s", line);
    if (result == 0) {
        setup.limits = *config_limits(setup.config);
        return setup;
    }
    if (result == -ENOMEM)
        usage_complain("%s", strerror(ENOMEM));
    if (result == -ENOENT)
        proxy_options_complain_none();
    exit(EXIT_OTHER);
}

/* Where its proxies were named: "-p", a variable, a file. */
static const char *origin_of(const struct setup *setup, const struct route *route)
{
    const struct config_route *at;

    for (size_t i = 0; (at = config_route(setup->config, i)); i++)
        if (&at->route == route && at->at.source)
            return at->at.source;
    return "proxy";
}

static bool has_address(const struct setup *setup, const struct route *route)
{
    char authority[ENDPOINT_TEXT_SIZE];
    bool has = false;

    for (size_t i = 0; i < route->count; i++) {
        if (candidate_addresses(&route->candidates[i], &libc_net)) {
            has = true;
            continue;
        }
        endpoint_print(&route->candidates[i].proxy.at, authority);
        usage_complain("%s '%s': the proxy's name does not resolve", origin_of(setup, route), authority);
    }
    return has;
}

/* What the user calls this machine is tunnelled like every operand of which no rule speaks: the proxy may know it. */
static void look_into_file(const struct setup *setup, struct endpoint *target)
{
    struct addresses found;

    if (setup->config && !target->literal && hosts_find(&found, target->host, HOSTS_FILE, &libc_net) &&
        !hosts_mean_this_machine(&found) && !config_rules_target(setup->config, target))
        hosts_take(&found, AF_INET, target);
}

static struct route *choose(const struct setup *setup, const struct endpoint *target)
{
    static struct route by_rule = { .name = "direct" };
    struct decision decision = config_decide(setup->config, target);
    if (decision.reason != REASON_RULE)
        return (struct route *)&config_route(setup->config, 0)->route;
    if (decision.verdict == VERDICT_REJECT)
        return NULL;
    return decision.verdict == VERDICT_TUNNEL ? decision.route : &by_rule;
}

struct route *setup_route_or_exit(const struct setup *setup, struct endpoint *target, const char *argument)
{
    static const struct route *checked; /* most often it is the same for all */
    struct route *route;

    look_into_file(setup, target);
    route = choose(setup, target);
    if (!route) {
        usage_complain("'%s': a rule rejects this target", argument);
        exit(EXIT_OTHER);
    }
    if (setup->limits.fallback_direct || route == checked || (route->count == 0 && route->name))
        return route;
    if (route->count == 0)
        proxy_options_complain_none();
    if (!has_address(setup, route))
        exit(EXIT_OTHER);
    checked = route;
    return route;
}
