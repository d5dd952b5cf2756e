#include "explain.h"

#include "../common/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_route(const struct route *route)
{
    char authority[ENDPOINT_TEXT_SIZE];

    printf(" via ");
    if (route->name)
        printf("%s (", route->name);
    for (size_t i = 0; i < route->count; i++) {
        endpoint_print(&route->candidates[i].proxy.at, authority);
        printf("%s%s", i ? ", " : "", authority);
    }
    if (route->name)
        printf(")");
}

static void print_place(const char *source, uint32_t line)
{
    char words[8192];
    struct text text = text_in(words, sizeof words);
    struct place place = { .source = source, .line = line };

    place_print(&text, &place);
    printf(", %s: ", words);
}

static void print_default(const struct config *config)
{
    const struct setting *setting = config_setting(config, CONFIG_DEFAULT);

    if (setting->at.source)
        print_place(setting->at.source, setting->at.line);
    else
        printf(", ");
    printf("default %s\n", config_setting_word(CONFIG_DEFAULT, setting->value));
}

static void print_reason(const struct config *config, const struct decision *decision)
{
    switch (decision->reason) {
    case REASON_PROXY:
        printf(", it is one of the proxies\n");
        break;
    case REASON_RULE:
        print_place(decision->rule->source, decision->rule->line);
        printf("%.*s\n", (int)decision->rule->size, decision->rule->words);
        break;
    case REASON_LOCAL:
        printf(", it is this machine or link-local, and no rule names it\n");
        break;
    case REASON_DEFAULT:
        print_default(config);
        break;
    }
}

static void print_decision(const struct config *config, const struct decision *decision)
{
    printf(": %s", config_verdict_word(decision->verdict));
    if (decision->verdict == VERDICT_TUNNEL)
        print_route(decision->route);
    print_reason(config, decision);
}

static void print_host(const struct endpoint *target)
{
    bool v6 = target->literal && !endpoint_is_v4(target);
    char host[ENDPOINT_TEXT_SIZE];

    endpoint_print_host(target, host);
    printf("%s%s%s", v6 ? "[" : "", host, v6 ? "]" : "");
}

static void print_ports(const struct config *config, const struct endpoint *target, unsigned last)
{
    struct decision decision = config_decide(config, target);

    print_host(target);
    if (target->port > 1 || last < PORTS_END - 1)
        printf(":%u", target->port);
    if (last > target->port && (target->port > 1 || last < PORTS_END - 1))
        printf("-%u", last);
    print_decision(config, &decision);
}

static bool same(const struct config *config, const struct endpoint *a, const struct endpoint *b)
{
    struct decision first = config_decide(config, a), second = config_decide(config, b);

    return first.reason == second.reason && first.rule == second.rule;
}

static void explain_host(const struct config *config, struct endpoint target)
{
    struct endpoint edge = target;

    target.port = edge.port = 1;
    for (;;) {
        uint32_t next = config_next_port(config, &edge);

        if (next == PORTS_END)
            break;
        edge.port = (uint16_t)next;
        if (same(config, &target, &edge))
            continue;
        print_ports(config, &target, next - 1);
        target = edge;
    }
    print_ports(config, &target, PORTS_END - 1);
}

void explain_target(const struct config *config, const struct endpoint *target)
{
    struct decision decision = config_decide(config, target);

    print_host(target);
    printf(":%u", target->port);
    print_decision(config, &decision);
}

static bool explain_one(const struct config *config, const char *words)
{
    struct endpoint target, other;
    size_t size = strlen(words);
    const char *wrong = endpoint_parse(&target, words, size, 1);

    if (wrong) {
        usage_complain("--explain '%s': %s", words, wrong);
        return false;
    }
    endpoint_parse(&other, words, size, 2);
    if (target.port != other.port) { /* endpoint_parse() took both default ports: no port was given */
        explain_host(config, target);
        return true;
    }
    explain_target(config, &target);
    return true;
}

static bool explain_input(const struct config *config)
{
    char *line = NULL;
    size_t room = 0;
    bool good = true;

    while (getline(&line, &room, stdin) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0])
            good &= explain_one(config, line);
    }
    free(line);
    return good;
}

bool explain(const struct config *config, char **targets)
{
    bool good = true;

    for (; *targets; targets++)
        good &= strcmp(*targets, "-") == 0 ? explain_input(config) : explain_one(config, *targets);
    return fflush(stdout) == 0 && good;
}
