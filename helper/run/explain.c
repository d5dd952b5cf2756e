#include "explain.h"
#include "target.h"
#include "terminal.h"

#include "../common/libc_net.h"
#include "../common/usage.h"

#include <ptunnel/hosts.h>

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
    static const enum tint tints[] = {
        [VERDICT_TUNNEL] = TINT_GOOD,
        [VERDICT_DIRECT] = TINT_OTHER,
        [VERDICT_REJECT] = TINT_BAD,
    };

    printf(": %s%s%s", terminal_tint(tints[decision->verdict]), config_verdict_word(decision->verdict),
           terminal_plain());
    if (decision->verdict == VERDICT_TUNNEL)
        print_route(decision->route);
    print_reason(config, decision);
}

/* A target, and what /etc/hosts says of its name. */
struct subject {
    struct endpoint target;
    struct addresses found;
};

static struct subject subject_of(const struct endpoint *target)
{
    struct subject subject = { .target = *target };

    if (!target->literal && !endpoint_is_loopback(target))
        hosts_find(&subject.found, target->host, HOSTS_FILE, &libc_net);
    return subject;
}

/* What the rules are asked for, at the subject's port. */
static struct endpoint meant(const struct config *config, const struct subject *subject)
{
    struct endpoint target = subject->target;

    if (subject->found.count > 0 && config_decide(config, &target).reason != REASON_PROXY &&
        (hosts_mean_this_machine(&subject->found) || !config_rules_target(config, &target)))
        hosts_take(&subject->found, AF_INET, &target);
    return target;
}

static void print_host(const struct endpoint *target)
{
    bool v6 = target->literal && !endpoint_is_v4(target);
    char host[ENDPOINT_TEXT_SIZE];

    endpoint_print_host(target, host);
    printf("%s%s%s", v6 ? "[" : "", host, v6 ? "]" : "");
}

static void print_by_file(const struct endpoint *target)
{
    printf(" (");
    print_host(target);
    printf(" in %s)", HOSTS_FILE);
}

static void print_decided(const struct config *config, const struct subject *subject)
{
    struct endpoint target = meant(config, subject);
    struct decision decision = config_decide(config, &target);

    if (target.literal && !subject->target.literal)
        print_by_file(&target);
    print_decision(config, &decision);
}

static void print_ports(const struct config *config, const struct subject *subject, unsigned last)
{
    unsigned first = subject->target.port;

    print_host(&subject->target);
    if (first > 1 || last < PORTS_END - 1)
        printf(":%u", first);
    if (last > first && (first > 1 || last < PORTS_END - 1))
        printf("-%u", last);
    print_decided(config, subject);
}

static bool same(const struct config *config, const struct subject *a, const struct subject *b)
{
    struct endpoint one = meant(config, a), other = meant(config, b);
    struct decision first = config_decide(config, &one), second = config_decide(config, &other);

    return first.reason == second.reason && first.rule == second.rule && one.literal == other.literal;
}

static uint32_t next_port(const struct config *config, const struct subject *subject)
{
    struct endpoint target = subject->target;
    uint32_t next = config_next_port(config, &target), by_file = PORTS_END;

    if (subject->found.count > 0) {
        hosts_take(&subject->found, AF_INET, &target);
        by_file = config_next_port(config, &target);
    }
    return next < by_file ? next : by_file;
}

static void explain_host(const struct config *config, struct subject subject)
{
    struct subject edge = subject;

    subject.target.port = edge.target.port = 1;
    for (;;) {
        uint32_t next = next_port(config, &edge);

        if (next == PORTS_END)
            break;
        edge.target.port = (uint16_t)next;
        if (same(config, &subject, &edge))
            continue;
        print_ports(config, &subject, next - 1);
        subject = edge;
    }
    print_ports(config, &subject, PORTS_END - 1);
}

void explain_target(const struct config *config, const struct endpoint *target)
{
    struct subject subject = subject_of(target);

    print_host(target);
    printf(":%u", target->port);
    print_decided(config, &subject);
}

static bool explain_one(const struct config *config, const char *words)
{
    struct target target;
    const char *wrong = target_parse(&target, words, 1);

    if (wrong) {
        usage_complain("--explain '%s': %s", words, wrong);
        return false;
    }
    if (!target.has_port)
        explain_host(config, subject_of(&target.at));
    for (size_t i = 0; target.has_port && i < target.count; i++) {
        target.at.port = target.ports[i];
        explain_target(config, &target.at);
    }
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
