#include <ptunnel/config.h>
#include <ptunnel/arena.h>

#include <errno.h>
#include <string.h>

struct config {
    struct dial_limits limits;
    struct route route;
    bool loopback;
    const char *no_proxy; /* NULL if the proxy did not come from a *_proxy variable */
};

static const char blanks[] = " \t\r\n";

/* Where a proxy is looked for, in this order. */
static const struct {
    const char *name;
    bool with_no_proxy;
} proxy_variables[] = {
    { "PTUNNEL_PROXY", false }, { "https_proxy", true }, { "HTTPS_PROXY", true },
    { "all_proxy", true },      { "ALL_PROXY", true },   { "http_proxy", true },
};

static void complain(struct text *wrong, const char *where, const char *what)
{
    text_add(wrong, where);
    text_add(wrong, ": ");
    text_add(wrong, what);
    text_add(wrong, "\n");
}

static int add_proxies(struct config *config, const char *name, const char *urls, struct text *wrong)
{
    const char *at = urls + strspn(urls, blanks), *bad;

    config->route.candidates = arena_alloc(ROUTE_CANDIDATES_MOST * sizeof *config->route.candidates);
    if (!config->route.candidates)
        return -ENOMEM;
    for (size_t size; *at; at += size + strspn(at + size, blanks)) {
        size = strcspn(at, blanks);
        bad = config->route.count == ROUTE_CANDIDATES_MOST
                  ? "more than 32 proxies"
                  : proxy_parse(&config->route.candidates[config->route.count++].proxy, at, size);
        if (bad) {
            complain(wrong, name, bad);
            return -EINVAL;
        }
    }
    return 0;
}

static int find_proxy(struct config *config, config_variable *variable, struct text *wrong)
{
    for (size_t i = 0; i < sizeof proxy_variables / sizeof *proxy_variables; i++) {
        const char *urls = variable(proxy_variables[i].name);

        if (!urls || !urls[strspn(urls, blanks)])
            continue;
        if (proxy_variables[i].with_no_proxy) {
            config->no_proxy = variable("no_proxy");
            if (!config->no_proxy)
                config->no_proxy = variable("NO_PROXY");
        }
        return add_proxies(config, proxy_variables[i].name, urls, wrong);
    }
    return -ENOENT;
}

int config_load(const struct config **out, config_variable *variable, const struct net *net, struct text *wrong)
{
    struct config *config = arena_alloc(sizeof *config);
    const char *loopback = variable("PTUNNEL_LOOPBACK");
    int result;

    (void)net;
    if (!config)
        return -ENOMEM;
    config->limits = (struct dial_limits){ .timeout = 60000, .attempt = 10000 };
    config->loopback = loopback && strcmp(loopback, "1") == 0;
    result = find_proxy(config, variable, wrong);
    if (result == 0)
        *out = config;
    return result;
}

struct decision config_decide(const struct config *config, const struct endpoint *target)
{
    struct decision decision = { .verdict = VERDICT_DIRECT, .route = (struct route *)&config->route };

    if (route_has_proxy(&config->route, target) || endpoint_is_link_local(target))
        return decision;
    if (config->loopback || !endpoint_is_loopback(target))
        decision.verdict = VERDICT_TUNNEL;
    return decision;
}

const struct dial_limits *config_limits(const struct config *config)
{
    return &config->limits;
}
