#include "show.h"
#include "terminal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 64 * 1024, COLUMN = 44 };

static void print_line(const char *words, const char *source, uint32_t line)
{
    char buffer[8192];
    struct text origin = text_in(buffer, sizeof buffer);
    struct place place = { .source = source ? source : "built in", .line = line };

    place_print(&origin, &place);
    printf("%-*s %s# %s%s\n", COLUMN, words, terminal_tint(TINT_ASIDE), buffer, terminal_plain());
}

static void add_name(struct text *out, const char *directive, const struct route *route)
{
    text_print(out, "%s%s%s", directive, route->name ? " " : "", route->name ? route->name : "");
}

static void show_route(const struct config_route *route)
{
    char words[LINE_SIZE];
    struct text out = text_in(words, sizeof words);

    add_name(&out, "proxy", &route->route);
    for (size_t i = 0; i < route->route.count; i++) {
        const struct proxy *proxy = &route->route.candidates[i].proxy;

        text_add(&out, " ");
        proxy_print(&out, proxy, proxy->has_credentials ? "***@" : "");
    }
    print_line(words, route->at.source, route->at.line);
}

static void show_secrets(const struct config_route *route)
{
    char words[LINE_SIZE];
    struct text out = text_in(words, sizeof words);

    if (route->credentials.source) {
        add_name(&out, "credentials", &route->route);
        text_add(&out, " ***");
        print_line(words, route->credentials.source, route->credentials.line);
    }
    for (const struct config_field *field = route->fields; field; field = field->next) {
        out = text_in(words, sizeof words);
        add_name(&out, "header", &route->route);
        text_print(&out, " \"%.*s: ***\"", (int)strcspn(field->field, ":"), field->field);
        print_line(words, field->at.source, field->at.line);
    }
}

static void show_auth(const struct config_route *route)
{
    char words[LINE_SIZE];
    struct text out = text_in(words, sizeof words);

    if (route->auth) {
        add_name(&out, "auth", &route->route);
        text_add(&out, " ");
        for (const char *c = route->auth; *c; c++)
            text_add_bytes(&out, *c == ',' ? " " : c, 1);
        print_line(words, route->auth_at.source, route->auth_at.line);
    }
    if (route->service) {
        out = text_in(words, sizeof words);
        add_name(&out, "service", &route->route);
        text_print(&out, " %s", route->service);
        print_line(words, route->service_at.source, route->service_at.line);
    }
}

static void show_setting(const struct config *config, enum config_setting which)
{
    const struct setting *setting = config_setting(config, which);
    const char *word = config_setting_word(which, setting->value);
    char words[LINE_SIZE];
    struct text out = text_in(words, sizeof words);

    text_print(&out, "%s ", config_setting_name(which));
    if (word)
        text_add(&out, word);
    else
        text_add_number(&out, (unsigned long)setting->value);
    if (which == CONFIG_DEFAULT && setting->value == VERDICT_TUNNEL && setting->route)
        text_print(&out, " via %s", config_route(config, setting->route)->route.name);
    print_line(words, setting->at.source, setting->at.line);
}

static void show_stand_ins(const struct config *config)
{
    const struct setting *setting = config_setting(config, CONFIG_STAND_INS);
    const struct names_ranges *ranges = config_stand_ins(config);
    char first4[INET_ADDRSTRLEN], first6[INET6_ADDRSTRLEN], words[128];

    inet_ntop(AF_INET, ranges->v4.s6_addr + 12, first4, sizeof first4);
    inet_ntop(AF_INET6, &ranges->v6, first6, sizeof first6);
    snprintf(words, sizeof words, "stand-ins %s/%u [%s]/%u", first4, ranges->v4_bits, first6,
             ranges->v6_bits);
    print_line(words, setting->at.source, setting->at.line);
}

static void show_rules(const struct rules *rules)
{
    for (size_t i = 0; i < rules_count(rules); i++) {
        const struct rule *rule = rules_at(rules, (uint32_t)i);
        char words[LINE_SIZE];
        struct text out = text_in(words, sizeof words);

        text_add_foreign(&out, rule->words, rule->size, LINE_SIZE);
        print_line(words, rule->source, rule->line);
    }
}

bool show(const struct config *config)
{
    const struct config_route *route;

    for (size_t i = 0; (route = config_route(config, i)) != NULL; i++) {
        if (route->route.count > 0)
            show_route(route);
        show_secrets(route);
        show_auth(route);
    }
    for (int i = 0; i < CONFIG_SETTINGS; i++)
        if (i != CONFIG_STAND_INS && i != CONFIG_DEFAULT)
            show_setting(config, (enum config_setting)i);
    show_stand_ins(config);
    show_rules(config_rules(config));
    show_setting(config, CONFIG_DEFAULT);
    return fflush(stdout) == 0;
}
