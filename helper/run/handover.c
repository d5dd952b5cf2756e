#include "finder.h"
#include "handover.h"

#include "../common/libc_net.h"
#include "../common/usage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORDS_SIZE = 1024 * 1024,
    CONFIG_SIZE = 128 * 1024 - sizeof "PTUNNEL_CONFIG=", /* the kernel's limit for one variable */
};

static const char *environment_variable(const char *name)
{
    return getenv(name);
}

static const struct config *load(const struct rule_options *rules)
{
    static char words[WORDS_SIZE];
    struct text wrong = text_in(words, sizeof words);
    const struct config *config = NULL;
    int result = config_load(&config, &rules->all, environment_variable, &libc_net, &wrong);

    if (result == -ENOENT) {
        proxy_options_complain_none();
        finder_hint();
    } else if (result == -ENOMEM)
        usage_complain("%s", strerror(ENOMEM));
    for (char *line = strtok(words, "\n"); line; line = strtok(NULL, "\n"))
        usage_complain("%s", line);
    return result == 0 ? config : NULL;
}

/* Not unsetenv(3): the library of an outer ptunnel-run, in front of this process, would put its own value
 * back at exec. */
bool handover_variable(const char *name, const char *value)
{
    if ((!value && !getenv(name)) || setenv(name, value ? value : "", 1) == 0)
        return true;
    usage_complain("%s: %s", name, strerror(errno));
    return false;
}

/* A proxy that is named here, by -p or in the file of -r, comes before that of PTUNNEL_PROXY. An outer ptunnel-run
 * may have set that (PTUNNEL_CONFIG is its mark): then it is no loss to speak of. */
static bool drop_proxy(const struct proxy_options *proxy, const struct rule_options *rules, bool say)
{
    const char *mark = getenv("PTUNNEL_CONFIG"), *urls = getenv("PTUNNEL_PROXY");
    bool file = !proxy->count && rule_options_file_has_proxy(rules);

    if (!urls || !urls[0] || !(proxy->count || file))
        return true;
    if (say && !(mark && mark[0]))
        usage_complain("PTUNNEL_PROXY is not used: %s names a proxy", file ? "-r" : "-p");
    return !file || handover_variable("PTUNNEL_PROXY", NULL);
}

const struct config *handover_load(struct proxy_options *proxy, struct rule_options *rules, bool say)
{
    static char urls[PROXY_LIST_SIZE], with_user[PROXY_LIST_SIZE];
    const struct config *config;

    if (!drop_proxy(proxy, rules, say))
        return NULL;
    if (!proxy_options_merge(proxy, getenv("PTUNNEL_PROXY"), urls))
        return NULL;
    if (urls[0] && !(proxy->count ? rule_options_add(rules, "-p", "proxy", urls)
                                  : handover_variable("PTUNNEL_PROXY", urls)))
        return NULL;
    config = load(rules);
    if (!config || urls[0] || !proxy->user || !config_route(config, 0)->urls)
        return config;
    /* -U without -p: for the proxy that a file or another variable names */
    if (!proxy_options_merge(proxy, config_route(config, 0)->urls, with_user) ||
        !rule_options_add(rules, "-U", "proxy", with_user))
        return NULL;
    return load(rules);
}

/* Here, where it may take its time: a program's non-blocking connect() may not, nor one in a signal handler. */
static void look_up_proxies(const struct config *config)
{
    const struct config_route *route;

    for (size_t i = 0; (route = config_route(config, i)); i++)
        for (size_t k = 0; k < route->route.count; k++)
            candidate_addresses(&route->route.candidates[k], &libc_net);
}

bool handover_configuration(const struct config *config, const struct rule_options *rules)
{
    static char buffer[CONFIG_SIZE], proxies[PROXY_LIST_SIZE];
    struct text written = text_in(buffer, sizeof buffer), urls = text_in(proxies, sizeof proxies);

    look_up_proxies(config);
    config_write_proxies(config, &urls);
    switch (config_write(config, &rules->all, &written)) {
    case WRITTEN_TOO_LONG:
        usage_complain("-t, -n, -x: more than fits into the environment: put them into a rule file");
        return false;
    case WRITTEN_NO_PATH:
        usage_complain("a rule file's path has a line end: rename it");
        return false;
    default:
        return handover_variable("PTUNNEL_CONFIG", buffer) &&
               handover_variable("PTUNNEL_PROXY", config_proxy_is_handed(config) ? proxies : NULL);
    }
}
