/* config_decide(): proxies are direct, then the rules count, then what is local is direct, then the default
 * counts. */
#include "inside.h"

#include "../rules/index.h"

#include <string.h>

static bool is_proxy(const struct config *config, const struct endpoint *target)
{
    for (size_t i = 0; i < config->port_count; i++)
        if (config->ports[i].port == target->port && route_has_proxy(config->ports[i].route, target))
            return true;
    return false;
}

bool config_is_proxy_port(const struct config *config, uint16_t port)
{
    for (size_t i = 0; i < config->port_count; i++)
        if (config->ports[i].port == port)
            return true;
    return false;
}

static bool is_unspecified(const struct endpoint *target)
{
    static const struct in6_addr any_v4 = { .s6_addr = { [10] = 0xff, 0xff } };

    return target->literal && (IN6_IS_ADDR_UNSPECIFIED(&target->address) ||
                               memcmp(&target->address, &any_v4, sizeof any_v4) == 0);
}

/* Loopback (unless `loopback tunnel`) and link-local: neither patterns for everything nor the default tunnel
 * it. */
static bool is_local(const struct config *config, const struct endpoint *target)
{
    if (endpoint_is_link_local(target))
        return true;
    return !config->settings[CONFIG_LOOPBACK].value &&
           (endpoint_is_loopback(target) || is_unspecified(target));
}

static struct decision direct_because(enum reason reason)
{
    return (struct decision){ .verdict = VERDICT_DIRECT, .reason = reason };
}

static struct decision decide_by(const struct config *config, enum verdict verdict, uint16_t route)
{
    struct decision decision = { .verdict = verdict };

    if (verdict == VERDICT_TUNNEL)
        decision.route = &config->routes[route].route;
    return decision;
}

static struct decision conclude(const struct config *config, uint32_t number, bool local)
{
    const struct setting *setting = &config->settings[CONFIG_DEFAULT];
    struct decision decision;
    struct rule_brief brief;

    if (number == RULES_NONE && local)
        return direct_because(REASON_LOCAL);
    if (number == RULES_NONE) {
        decision = decide_by(config, (enum verdict)setting->value, setting->route);
        decision.reason = REASON_DEFAULT;
        return decision;
    }
    brief = rules_brief(config->rules, number);
    decision = decide_by(config, (enum verdict)brief.verdict, brief.route);
    decision.reason = REASON_RULE;
    decision.rule = rules_at(config->rules, number);
    return decision;
}

struct decision config_decide(const struct config *config, const struct endpoint *target)
{
    bool local = is_local(config, target);

    if (is_proxy(config, target))
        return direct_because(REASON_PROXY);
    return conclude(config, rules_match(config->rules, target, local), local);
}

struct decision config_decide_both(const struct config *config, const struct endpoint *name,
                                   const struct endpoint *address)
{
    bool local = is_local(config, name) || is_local(config, address);
    uint32_t of_name, of_address;

    if (is_proxy(config, name) || is_proxy(config, address))
        return direct_because(REASON_PROXY);
    of_name = rules_match(config->rules, name, local);
    of_address = rules_match(config->rules, address, local);
    return conclude(config, of_name < of_address ? of_name : of_address, local);
}

uint32_t config_next_port(const struct config *config, const struct endpoint *target)
{
    uint32_t next = rules_next_port(config->rules, target, is_local(config, target));
    struct endpoint at = *target;

    for (size_t i = 0; i < config->port_count; i++) {
        uint32_t edges[2] = { config->ports[i].port, config->ports[i].port + UINT32_C(1) };

        at.port = config->ports[i].port;
        for (int k = 0; k < 2; k++)
            if (edges[k] > target->port && edges[k] < next && route_has_proxy(config->ports[i].route, &at))
                next = edges[k];
    }
    return next;
}

/* Whether it is a proxy's name: the dial looks that up, and a stand-in would lead nowhere. */
static bool names_proxy(const struct config *config, const struct endpoint *name)
{
    for (size_t i = 0; i < config->route_count; i++)
        for (size_t k = 0; k < config->routes[i].route.count; k++) {
            const struct endpoint *proxy = &config->routes[i].route.candidates[k].proxy.at;

            if (!proxy->literal && text_same(proxy->host, name->host))
                return true;
        }
    return false;
}

enum name_fate config_name_fate(const struct config *config, const char *host, uint16_t port_or_0)
{
    struct endpoint name = { 0 };
    uint32_t next;

    if (endpoint_set_host(&name, host, strlen(host)) || name.literal)
        return NAME_NOT_ONE;
    if (endpoint_is_loopback(&name) || names_proxy(config, &name))
        return NAME_DIRECT;
    name.port = port_or_0 ? port_or_0 : 1;
    do {
        if (config_decide(config, &name).verdict != VERDICT_DIRECT)
            return NAME_DEPENDS;
        next = port_or_0 ? PORTS_END : config_next_port(config, &name);
        name.port = (uint16_t)next;
    } while (next != PORTS_END);
    return NAME_DIRECT;
}

bool config_rules_name(const struct config *config, const char *host)
{
    struct endpoint name = { .port = 1 };
    uint32_t next;

    if (endpoint_set_host(&name, host, strlen(host)))
        return false;
    do {
        if (config_rules_target(config, &name))
            return true;
        next = rules_next_port(config->rules, &name, true);
        name.port = (uint16_t)next;
    } while (next != PORTS_END);
    return false;
}

bool config_rules_target(const struct config *config, const struct endpoint *target)
{
    return rules_match(config->rules, target, true) != RULES_NONE;
}
