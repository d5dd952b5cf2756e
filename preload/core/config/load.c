/* config_load(): options, variables and files, in the order of layer.h, and what the configuration keeps of
 * them. */
#include "accounts.h"
#include "complaint.h"
#include "directives.h"
#include "files.h"
#include "inside.h"
#include "no_proxy.h"
#include "proxies.h"
#include "known.h"
#include "routes.h"
#include "setting.h"

#include <ptunnel/arena.h>

#include <errno.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

/* Where a proxy is looked for if neither an option nor PTUNNEL_PROXY nor the rule file names one. Not in
 * HTTP_PROXY: in a CGI program that is the header field `Proxy:` of the request (httpoxy). */
static const char *const proxy_variables[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                               "http_proxy" };

static bool is_set(const char *value)
{
    return value && value[strspn(value, blanks)];
}

static void parse_option(struct parser *parser, const struct config_option *option)
{
    size_t directive = strlen(option->directive), value = strlen(option->value);
    char *words = parser_alloc(parser, directive + value + 2);
    struct source source = { .name = option->origin, .at = words };
    struct place place = { .source = option->origin };

    if (!words)
        return;
    if (strpbrk(option->value, "\r\n")) {
        complaint_say(parser, &place, "a line end in the value");
        return;
    }
    memcpy(words, option->directive, directive);
    words[directive] = ' ';
    memcpy(words + directive + 1, option->value, value);
    source.end = words + directive + 1 + value;
    directives_parse(parser, &source);
}

static void parse_options(struct parser *parser, const struct config_options *options)
{
    parser->layer = LAYER_OPTIONS;
    for (size_t i = 0; options && i < options->count; i++)
        parse_option(parser, &options->rows[i]);
}

static void parse_proxy_variable(struct parser *parser, const char *name)
{
    const char *value = parser->variable(name);
    struct source source = { .name = name };
    struct place place = { .source = name };
    struct line line = { .source = &source };
    char *urls = parser_alloc(parser, strlen(value) + 1);

    if (!urls)
        return;
    strcpy(urls, value);
    for (char *c = urls; *c; c++)
        if (*c == '\r' || *c == '\n')
            *c = ' ';
    line.start = line.at = urls;
    line.end = urls + strlen(urls);
    proxies_parse_default(parser, &line, &place);
}

static void parse_variables(struct parser *parser)
{
    const char *loopback = parser->variable("PTUNNEL_LOOPBACK");

    parser->layer = LAYER_VARIABLE;
    if (loopback && strcmp(loopback, "1") == 0 && parser->said_by[CONFIG_LOOPBACK] == LAYER_NOBODY) {
        parser->settings[CONFIG_LOOPBACK] = (struct setting){ .value = 1, .at.source = "PTUNNEL_LOOPBACK" };
        parser->said_by[CONFIG_LOOPBACK] = LAYER_VARIABLE;
    }
    if (is_set(parser->variable("PTUNNEL_PROXY")))
        parse_proxy_variable(parser, "PTUNNEL_PROXY");
}

/* The variables that other programs share. Only if one of them gives the proxy do the rules of $no_proxy
 * hold. */
static void parse_shared_variables(struct parser *parser)
{
    size_t i = 0;

    parser->layer = LAYER_ENVIRONMENT;
    parser->shared_rules = rules_added(&parser->rules);
    if (routes_entry(parser, 0)->layer != LAYER_NOBODY)
        return;
    while (i < sizeof proxy_variables / sizeof *proxy_variables &&
           !is_set(parser->variable(proxy_variables[i])))
        i++;
    if (i == sizeof proxy_variables / sizeof *proxy_variables)
        return;
    parse_proxy_variable(parser, proxy_variables[i]);
    if (is_set(parser->variable("no_proxy")))
        no_proxy_parse(parser, "no_proxy", parser->variable("no_proxy"));
    else if (is_set(parser->variable("NO_PROXY")))
        no_proxy_parse(parser, "NO_PROXY", parser->variable("NO_PROXY"));
}

/* The default: a file that has rules must say it. Otherwise it is direct if an option says which targets to
 * tunnel, and tunnel if none does. */
static void choose_default(struct parser *parser)
{
    struct setting *setting = &parser->settings[CONFIG_DEFAULT];
    struct place file = { .source = parser->file ? parser->file : "PTUNNEL_CONFIG" };

    if (parser->file_rules > 0 && parser->file_default == 0)
        complaint_say(parser, &file,
                      "a file with rules needs a 'default' line for what they do not name: "
                      "default tunnel, default direct or default reject");
    if (parser->said_by[CONFIG_DEFAULT] == LAYER_NOBODY)
        setting->value = parser->option_tunnels ? VERDICT_DIRECT : VERDICT_TUNNEL;
    parser->wants_default |= setting->value == VERDICT_TUNNEL && setting->route == 0;
}

static void keep_routes(struct parser *parser, struct config *config)
{
    size_t proxies = 0;

    config->route_count = routes_count(parser);
    config->routes = parser_alloc(parser, config->route_count * sizeof *config->routes);
    if (!config->routes)
        return;
    for (size_t i = 0; i < config->route_count; i++) {
        config->routes[i] = routes_entry(parser, i)->made;
        proxies += config->routes[i].route.count;
    }
    config->ports = parser_alloc(parser, proxies * sizeof *config->ports + 1);
    for (size_t i = 0; config->ports && i < config->route_count; i++) {
        const struct route *route = &config->routes[i].route;

        known_apply(parser, route);
        for (size_t k = 0; k < route->count; k++)
            config->ports[config->port_count++] =
                (struct proxy_port){ .route = route, .port = route->candidates[k].proxy.at.port };
    }
}

static int finish(struct parser *parser, const struct config **out)
{
    struct config *config = parser_alloc(parser, sizeof *config);

    routes_finish(parser);
    if (!parser->bad)
        accounts_finish(parser);
    choose_default(parser);
    if (parser->no_memory || parser->rules.no_memory)
        return -ENOMEM;
    if (parser->bad)
        return parser->passing ? -parser->passing : -EINVAL;
    if (parser->wants_default && routes_entry(parser, 0)->made.route.count == 0)
        return -ENOENT;
    config->limits = (struct dial_limits){
        .timeout = (int)parser->settings[CONFIG_TIMEOUT].value * 1000,
        .attempt = (int)parser->settings[CONFIG_ATTEMPT].value * 1000,
        .fallback_direct = parser->settings[CONFIG_FALLBACK].value != 0,
    };
    memcpy(config->settings, parser->settings, sizeof config->settings);
    config->stand_ins = parser->stand_ins;
    config->file = parser->file;
    config->agent = parser->agent;
    config->texts = parser->texts;
    config->route_layer = routes_entry(parser, 0)->layer;
    config->shared_rules = parser->shared_rules;
    config->default_said = parser->said_by[CONFIG_DEFAULT] != LAYER_NOBODY;
    keep_routes(parser, config);
    config->rules = rules_finish(&parser->rules);
    if (parser->no_memory || !config->rules)
        return -ENOMEM;
    *out = config;
    return 0;
}

int config_load(const struct config **out, const struct config_options *options, config_variable *variable,
                const struct net *net, struct text *wrong)
{
    struct parser parser = {
        .variable = variable, .net = net, .wrong = wrong, .keeps_passwords = options != NULL
    };
    struct route_entry *default_route = scratch_add(&parser.routes, sizeof *default_route);
    int result = -ENOMEM;

    if (default_route) {
        *default_route = (struct route_entry){ .layer = LAYER_NOBODY, .said_by = LAYER_NOBODY };
        setting_start(&parser);
        parse_options(&parser, options);
        parse_variables(&parser);
        parser.layer = LAYER_FILE;
        files_read(&parser, options);
        parse_shared_variables(&parser);
        result = finish(&parser, out);
    }
    rules_drop(&parser.rules);
    scratch_free(&parser.routes);
    return result;
}

const struct dial_limits *config_limits(const struct config *config)
{
    return &config->limits;
}

const struct setting *config_setting(const struct config *config, enum config_setting setting)
{
    return &config->settings[setting];
}

const struct names_ranges *config_stand_ins(const struct config *config)
{
    return config ? &config->stand_ins : &names_usual_ranges;
}

const struct config_route *config_route(const struct config *config, size_t number)
{
    return number < config->route_count ? &config->routes[number] : NULL;
}

const struct rules *config_rules(const struct config *config)
{
    return config->rules;
}
