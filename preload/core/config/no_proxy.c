/* $no_proxy, as curl(1) reads it: names, with or without a dot in front (the name and those below it),
 * addresses and CIDRs, separated by commas or blanks. "*" alone is everything. Words that are none of these
 * match nothing. */
#include "no_proxy.h"

#include <arpa/inet.h>
#include <string.h>

static const char between[] = ", \t\r\n";

enum { PREFIX_SIZE = sizeof "direct " - 1 };

static bool is_address(int family, const char *word, size_t size)
{
    char copy[INET6_ADDRSTRLEN] = "";
    struct in6_addr address; /* large enough for both */

    if (size >= sizeof copy)
        return false;
    memcpy(copy, word, size);
    return inet_pton(family, copy, &address) == 1;
}

/* Adds curl's word as a pattern of ours. To curl "/0" is no prefix: it means the address itself. */
static void add_pattern(struct text *out, const char *word, size_t size)
{
    const char *slash = memchr(word, '/', size);
    size_t host = slash ? (size_t)(slash - word) : size;
    bool v6 = is_address(AF_INET6, word, host), bits = slash && !(size - host == 2 && slash[1] == '0');

    /* An address in brackets matches nothing in curl, and as a name it matches nothing here. */
    if (!v6 && !is_address(AF_INET, word, host)) {
        text_print(out, "%s%.*s", word[0] == '.' ? "" : ".", (int)size, word);
        return;
    }
    text_print(out, v6 ? "[%.*s]" : "%.*s", (int)host, word);
    if (bits)
        text_add_bytes(out, slash, size - host);
}

static void add_rule(struct parser *parser, const char *name, const char *pattern)
{
    struct rule rule = { .source = name, .verdict = VERDICT_DIRECT };
    struct pattern_wrong wrong;
    struct pattern parsed;

    if (!pattern_parse(&parsed, pattern, strlen(pattern), &wrong) || parsed.ports != parsed.end)
        return;
    rule.words = pattern - PREFIX_SIZE;
    rule.size = (uint32_t)(PREFIX_SIZE + strlen(pattern));
    rules_add(&parser->rules, &rule);
    rules_add_pattern(&parser->rules, &parsed, 0, PORTS_END - 1);
}

void no_proxy_parse(struct parser *parser, const char *name, const char *list)
{
    const char *at = list + strspn(list, between);

    for (size_t size; *at; at += size + strspn(at + size, between)) {
        char *words;
        struct text out;

        size = strcspn(at, between);
        words = parser_alloc(parser, PREFIX_SIZE + size + sizeof ".[]");
        if (!words)
            return;
        out = text_in(words, PREFIX_SIZE + size + sizeof ".[]");
        text_add(&out, "direct ");
        if (strcmp(list, "*") == 0)
            text_add(&out, "*");
        else
            add_pattern(&out, at, size);
        add_rule(parser, name, words + PREFIX_SIZE);
    }
}
