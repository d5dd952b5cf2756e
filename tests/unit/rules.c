/* Rules: which one speaks of a target, in a table and against a matcher that looks at all of them in turn. */
#include "support/configs.h"
#include "support/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RULES "proxy proxy.test:3128\nproxy work 192.0.2.1:8080 [2001:db8::3128]:3128\n"

static const struct {
    const char *name, *rules, *target, *decision;
    int line; /* of the rule, from 1; 0: the default; -1: local; -2: a proxy */
} decisions[] = {
    { "a name", "tunnel example.org", "example.org:80", "tunnel", 1 },
    { "not what is below a name", "tunnel example.org", "www.example.org:80", "direct", 0 },
    { "not what ends like a name", "tunnel example.org", "anexample.org:80", "direct", 0 },
    { "not what begins like a name", "tunnel example.org", "example.org.uk:80", "direct", 0 },
    { "a dot in front: the name", "tunnel .example.org", "example.org:80", "tunnel", 1 },
    { "a dot in front: below", "tunnel .example.org", "www.example.org:80", "tunnel", 1 },
    { "a dot in front: far below", "tunnel .example.org", "a.b.c.d.example.org:80", "tunnel", 1 },
    { "a dot in front: not what ends alike", "tunnel .example.org", "anexample.org:80", "direct", 0 },
    { "an asterisk in front: below", "tunnel *.example.org", "www.example.org:80", "tunnel", 1 },
    { "an asterisk in front: not the name", "tunnel *.example.org", "example.org:80", "direct", 0 },
    { "a top-level name", "tunnel .org", "www.example.org:80", "tunnel", 1 },
    { "a name of one label", "tunnel build-host_1", "build-host_1:80", "tunnel", 1 },
    { "case in the rule", "tunnel Example.ORG", "example.org:80", "tunnel", 1 },
    { "case in the target", "tunnel .example.org", "WWW.EXAMPLE.ORG:80", "tunnel", 1 },
    { "a dot behind the rule", "tunnel example.org.", "example.org:80", "tunnel", 1 },
    { "a dot behind the target", "tunnel example.org", "example.org.:80", "tunnel", 1 },
    { "a name in quotes", "tunnel \"example.org\"", "example.org:80", "tunnel", 1 },
    { "several patterns", "tunnel a.test b.test c.test", "c.test:80", "tunnel", 1 },

    { "a port", "tunnel example.org:22", "example.org:22", "tunnel", 1 },
    { "another port", "tunnel example.org:22", "example.org:23", "direct", 0 },
    { "the first port of a range", "tunnel example.org:8000-8010", "example.org:8000", "tunnel", 1 },
    { "the last port of a range", "tunnel example.org:8000-8010", "example.org:8010", "tunnel", 1 },
    { "below a range", "tunnel example.org:8000-8010", "example.org:7999", "direct", 0 },
    { "above a range", "tunnel example.org:8000-8010", "example.org:8011", "direct", 0 },
    { "one of several ports", "tunnel example.org:22,80,8000-8010", "example.org:80", "tunnel", 1 },
    { "the lowest port", "tunnel *:1", "example.org:1", "tunnel", 1 },
    { "the highest port", "tunnel *:65535", "example.org:65535", "tunnel", 1 },
    { "a port of an IPv4 address", "tunnel 192.0.2.7:22", "192.0.2.7:22", "tunnel", 1 },
    { "a port of an IPv6 address", "tunnel [2001:db8::1]:22", "[2001:db8::1]:22", "tunnel", 1 },
    { "a port of a range of addresses", "tunnel [2001:db8::]/32:22", "[2001:db8:1::1]:23", "direct", 0 },

    { "an IPv4 address", "tunnel 192.0.2.7", "192.0.2.7:80", "tunnel", 1 },
    { "another IPv4 address", "tunnel 192.0.2.7", "192.0.2.8:80", "direct", 0 },
    { "a range: its first address", "tunnel 10.16.0.0/12", "10.16.0.0:80", "tunnel", 1 },
    { "a range: its last address", "tunnel 10.16.0.0/12", "10.31.255.255:80", "tunnel", 1 },
    { "a range: below", "tunnel 10.16.0.0/12", "10.15.255.255:80", "direct", 0 },
    { "a range: above", "tunnel 10.16.0.0/12", "10.32.0.0:80", "direct", 0 },
    { "a range written with an address inside", "tunnel 10.17.1.2/12", "10.31.0.1:80", "tunnel", 1 },
    { "all of IPv4", "tunnel 0.0.0.0/0", "203.0.113.1:80", "tunnel", 1 },
    { "all of IPv4 is not IPv6", "tunnel 0.0.0.0/0", "[2001:db8::1]:80", "direct", 0 },
    { "an IPv6 address", "tunnel [2001:db8::1]", "[2001:db8:0::1]:80", "tunnel", 1 },
    { "an IPv6 range: last", "tunnel [2001:db8::]/33", "[2001:db8:7fff::1]:80", "tunnel", 1 },
    { "an IPv6 range: above", "tunnel [2001:db8::]/33", "[2001:db8:8000::1]:80", "direct", 0 },
    { "an IPv6 range below the middle", "tunnel [2001:db8::8000:0:0:0]/65", "[2001:db8::8000:1:2:3]:80",
      "tunnel", 1 },
    { "all of IPv6", "tunnel [::]/0", "[2001:db8::1]:80", "tunnel", 1 },
    { "all of IPv6 is not IPv4", "tunnel [::]/0", "192.0.2.7:80", "direct", 0 },
    { "a mapped address in the target", "tunnel 192.0.2.7", "[::ffff:192.0.2.7]:80", "tunnel", 1 },
    { "a mapped address in the rule", "tunnel [::ffff:192.0.2.7]", "192.0.2.7:80", "tunnel", 1 },
    { "a mapped range in the rule", "tunnel [::ffff:10.0.0.0]/104", "10.1.2.3:80", "tunnel", 1 },
    { "an address pattern is not a name", "tunnel 192.0.2.7", "example.org:80", "direct", 0 },
    { "everything: a name", "tunnel *", "example.org:80", "tunnel", 1 },
    { "everything: IPv4", "tunnel *", "192.0.2.7:80", "tunnel", 1 },
    { "everything: IPv6", "tunnel *", "[2001:db8::1]:80", "tunnel", 1 },
    { "everything at a port", "tunnel *:22", "192.0.2.7:80", "direct", 0 },

    { "the first of two", "reject .example.org\ntunnel .example.org", "www.example.org:80", "reject", 1 },
    { "the wider one first", "reject .org\ntunnel www.example.org", "www.example.org:80", "reject", 1 },
    { "the narrower one first", "tunnel www.example.org\nreject .org", "www.example.org:80", "tunnel", 1 },
    { "the narrower one second", "reject *.example.org:25\ntunnel www.example.org", "www.example.org:80",
      "tunnel", 2 },
    { "the wider range first", "reject 10.0.0.0/8\ntunnel 10.1.0.0/16", "10.1.2.3:80", "reject", 1 },
    { "the narrower range first", "tunnel 10.1.0.0/16\nreject 10.0.0.0/8", "10.1.2.3:80", "tunnel", 1 },
    { "beside the narrower range", "tunnel 10.1.0.0/16\nreject 10.0.0.0/8", "10.2.2.3:80", "reject", 2 },
    { "everything first", "reject *\ntunnel example.org", "example.org:80", "reject", 1 },
    { "ports of one name", "reject a.test:1-100\ntunnel a.test:50-200\ndirect a.test", "a.test:150", "tunnel",
      2 },
    { "ports of one name: first", "reject a.test:1-100\ntunnel a.test:50-200", "a.test:75", "reject", 1 },
    { "ports of one name: none", "reject a.test:1-100\ntunnel a.test:50-200", "a.test:201", "direct", 0 },
    { "a name and what is below it", "tunnel *.a.test\nreject .a.test", "a.test:1", "reject", 2 },

    { "via a route", "tunnel example.org via work", "example.org:80", "tunnel work", 1 },
    { "a proxy by name", "reject *", "proxy.test:3128", "direct", -2 },
    { "a proxy by name, another port", "reject *", "proxy.test:80", "reject", 1 },
    { "a proxy by address", "reject *", "192.0.2.1:8080", "direct", -2 },
    { "a proxy by IPv6 address", "reject *", "[2001:db8::3128]:3128", "direct", -2 },
    { "a proxy by address, another port", "reject *", "192.0.2.1:3128", "reject", 1 },

    { "localhost", "reject *", "localhost:80", "direct", -1 },
    { "below localhost", "reject *", "a.b.LocalHost:80", "direct", -1 },
    { "not what ends like localhost", "reject *", "notlocalhost:80", "reject", 1 },
    { "127/8", "reject * 0.0.0.0/0", "127.1.2.3:80", "direct", -1 },
    { "::1", "reject * [::]/0", "[::1]:80", "direct", -1 },
    { "0.0.0.0", "reject * 0.0.0.0/0", "0.0.0.0:80", "direct", -1 },
    { "::", "reject * [::]/0", "[::]:80", "direct", -1 },
    { "169.254/16", "reject * 0.0.0.0/0", "169.254.3.4:80", "direct", -1 },
    { "fe80::/10", "reject * [::]/0", "[fe80::1]:80", "direct", -1 },
    { "mapped loopback", "reject * 0.0.0.0/0 [::]/0", "[::ffff:127.0.0.1]:80", "direct", -1 },
    { "mapped link-local", "reject * 0.0.0.0/0 [::]/0", "[::ffff:169.254.1.1]:80", "direct", -1 },
    { "the name localhost in a rule", "reject localhost", "localhost:80", "reject", 1 },
    { "127.0.0.1 in a rule", "reject 127.0.0.1", "127.0.0.1:80", "reject", 1 },
    { "127/8 in a rule", "reject 127.0.0.0/8:80", "127.0.0.1:80", "reject", 1 },
    { "0/1 in a rule", "reject 0.0.0.0/1", "127.0.0.1:80", "reject", 1 },
    { "::1 in a rule", "reject [::1]", "[::1]:80", "reject", 1 },
    { "link-local in a rule", "reject 169.254.169.254", "169.254.169.254:80", "reject", 1 },
    { "loopback tunnel: by default", "loopback tunnel\ndefault reject", "127.0.0.1:80", "reject", 0 },
    { "loopback tunnel: everything", "loopback tunnel\nreject *", "localhost:80", "reject", 2 },
    { "loopback tunnel: not link-local", "loopback tunnel\nreject *", "169.254.1.1:80", "direct", -1 },

    { "default direct", "default direct", "example.org:80", "direct", 0 },
    { "default tunnel", "default tunnel", "example.org:80", "tunnel", 0 },
    { "default reject", "default reject", "192.0.2.7:80", "reject", 0 },
    { "default tunnel via", "default tunnel via work", "example.org:80", "tunnel work", 0 },
};

static int line_of(const struct decision *decision)
{
    switch (decision->reason) {
    case REASON_RULE:
        return (int)decision->rule->line;
    case REASON_LOCAL:
        return -1;
    case REASON_PROXY:
        return -2;
    default:
        return 0;
    }
}

static void decides(void **state)
{
    const typeof(*decisions) *row = *state;
    char text[512];
    struct endpoint target = target_of(row->target);
    struct decision decision;

    snprintf(text, sizeof text, "%s\n" RULES "%s", row->rules,
             strstr(row->rules, "default") ? "" : "default direct");
    variables_clear();
    decision = config_decide(config_of(text), &target);
    assert_string_equal(decision_words(&decision), row->decision);
    assert_int_equal(line_of(&decision), row->line);
}

static const struct {
    const char *name, *rules, *host;
    uint16_t port;
    enum name_fate fate;
} fates[] = {
    { "direct by default", "default direct", "example.org", 0, NAME_DIRECT },
    { "tunnelled by default", "default tunnel", "example.org", 0, NAME_DEPENDS },
    { "tunnelled at a port", "tunnel example.org:22\ndefault direct", "example.org", 0, NAME_DEPENDS },
    { "tunnelled at another port", "tunnel example.org:22\ndefault direct", "example.org", 23, NAME_DIRECT },
    { "tunnelled at this port", "tunnel example.org:22\ndefault direct", "example.org", 22, NAME_DEPENDS },
    { "tunnelled at the highest port", "tunnel *:65535\ndefault direct", "example.org", 0, NAME_DEPENDS },
    { "tunnelled at the lowest port", "tunnel *:1\ndefault direct", "example.org", 0, NAME_DEPENDS },
    { "rejected", "reject example.org\ndefault direct", "example.org", 0, NAME_DEPENDS },
    { "direct at all ports, in pieces", "direct a.test:1-99\ndirect .test:90-65535\ndefault tunnel", "a.test",
      0, NAME_DIRECT },
    { "direct at all ports but one", "direct a.test:1-99\ndirect .test:101-65535\ndefault tunnel", "a.test",
      0, NAME_DEPENDS },
    { "direct before it is tunnelled", "direct .test\ntunnel *:22\ndefault direct", "a.test", 0,
      NAME_DIRECT },
    { "only addresses are tunnelled", "tunnel 0.0.0.0/0 [::]/0\ndefault direct", "example.org", 0,
      NAME_DIRECT },
    { "a proxy", "default tunnel", "Proxy.test", 0, NAME_DIRECT },
    { "localhost", "loopback tunnel\ndefault tunnel", "localhost", 0, NAME_DIRECT },
    { "an address", "default tunnel", "192.0.2.7", 0, NAME_DIRECT },
    { "no name", "default tunnel", "a name", 0, NAME_NOT_ONE },
    { "nothing", "default tunnel", "", 0, NAME_NOT_ONE },
};

static void fate(void **state)
{
    const typeof(*fates) *row = *state;
    char text[512];

    snprintf(text, sizeof text, RULES "%s", row->rules);
    variables_clear();
    assert_int_equal(config_name_fate(config_of(text), row->host, row->port), row->fate);
}

static const struct {
    const char *name, *rules, *host;
    bool ruled;
} about[] = {
    { "the default alone", "default tunnel", "printer.local", false },
    { "a rule for everything", "tunnel *\ndefault direct", "printer.local", false },
    { "a rule for everything, before one", "tunnel *\ndirect .local\ndefault direct", "printer.local", true },
    { "tunnel", "tunnel .local\ndefault direct", "printer.local", true },
    { "direct", "direct *.local\ndefault tunnel", "printer.local.", true },
    { "reject", "reject printer.local\ndefault direct", "Printer.Local", true },
    { "at a port", "tunnel printer.local:65535\ndefault direct", "printer.local", true },
    { "another", "tunnel .corp.local 0.0.0.0/0 10.0.0.0/8\ndefault direct", "printer.local", false },
    { "no name", "tunnel .local\ndefault direct", "a name.local", false },
};

static void rules_about(void **state)
{
    const typeof(*about) *row = *state;
    char text[512];

    snprintf(text, sizeof text, RULES "%s", row->rules);
    variables_clear();
    assert_int_equal(config_rules_name(config_of(text), row->host), row->ruled);
}

/* A name that was looked up here has its addresses too; the first rule for either counts. */
static void a_name_and_its_address(void **state)
{
    static const char rules[] = RULES "reject 10.0.0.0/8\ntunnel .test\ndefault direct\n";
    struct endpoint name = target_of("a.test:80"), other = target_of("a.example:80");
    struct endpoint inside = target_of("10.1.1.1:80"), outside = target_of("192.0.2.9:80");
    struct endpoint here = target_of("127.0.0.1:80");
    const struct config *config;

    (void)state;
    variables_clear();
    config = config_of(rules);
    assert_int_equal(config_decide_both(config, &name, &inside).verdict, VERDICT_REJECT);
    assert_int_equal(config_decide_both(config, &name, &outside).verdict, VERDICT_TUNNEL);
    assert_int_equal(config_decide_both(config, &other, &inside).verdict, VERDICT_REJECT);
    assert_int_equal(config_decide_both(config, &other, &outside).verdict, VERDICT_DIRECT);
    assert_int_equal(config_decide_both(config, &other, &here).reason, REASON_LOCAL);
}

/* Random rules, decided twice. What is drawn is little varied, so that rules overlap and targets meet them.
 */
enum { SETS = 1000, TARGETS = 100, RULES_IN_SET = 40, RANGES_MOST = 3, TEXT_SIZE = 16 * 1024 };

static uint64_t random_state;

static unsigned draw(unsigned below)
{
    random_state ^= random_state << 13; /* xorshift64 */
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 16) % below);
}

enum form { ANY, EXACT, WITH_BELOW, ONLY_BELOW, ADDRESS };

struct plain_pattern {
    enum form form;
    char name[64];
    uint8_t address[16]; /* IPv4 mapped */
    unsigned bits;       /* of all 128 */
    unsigned ranges, first[RANGES_MOST], last[RANGES_MOST];
};

struct plain_target {
    bool literal, local;
    char name[64];
    uint8_t address[16];
    unsigned port;
};

static void draw_name(char *out)
{
    static const char *const labels[] = { "a", "b", "ab", "example", "org", "localhost", "A" };
    unsigned count = 1 + draw(4);

    *out = '\0';
    while (count-- > 0) {
        strcat(out, labels[draw(sizeof labels / sizeof *labels)]);
        strcat(out, count ? "." : "");
    }
}

static void draw_address(uint8_t *out)
{
    static const uint8_t starts[][16] = {
        { [10] = 0xff, 0xff, 10 },  { [10] = 0xff, 0xff, 127 }, { [10] = 0xff, 0xff, 169, 254 },
        { [10] = 0xff, 0xff, 192 }, { 0x20, 0x01, 0x0d, 0xb8 }, { 0xfe, 0x80 },
    };
    unsigned start = draw(7);

    if (start == 6) { /* ::1 */
        memset(out, 0, 16);
        out[15] = 1;
        return;
    }
    memcpy(out, starts[start], 16);
    for (int i = 0; i < 3; i++)
        out[start < 4 ? 13 + (int)draw(3) : 4 + (int)draw(12)] |= (uint8_t)(1u << draw(8));
}

static bool mapped(const uint8_t *address)
{
    static const uint8_t prefix[12] = { [10] = 0xff, 0xff };

    return memcmp(address, prefix, sizeof prefix) == 0;
}

static struct plain_pattern draw_pattern(void)
{
    static const enum form forms[] = { ANY,     EXACT,   EXACT,   WITH_BELOW, WITH_BELOW, ONLY_BELOW,
                                       ADDRESS, ADDRESS, ADDRESS, ADDRESS,    EXACT,      WITH_BELOW };
    struct plain_pattern pattern = { .form = forms[draw(sizeof forms / sizeof *forms)] };

    draw_name(pattern.name);
    draw_address(pattern.address);
    pattern.bits = mapped(pattern.address) ? 96 + draw(33) : draw(129);
    pattern.ranges = draw(2) ? 0 : 1 + draw(RANGES_MOST);
    for (unsigned i = 0; i < pattern.ranges; i++) {
        pattern.first[i] = 1 + draw(20);
        pattern.last[i] = pattern.first[i] + draw(6);
    }
    return pattern;
}

static void print_pattern(struct text *out, const struct plain_pattern *pattern)
{
    struct endpoint literal = { .literal = true };
    char host[ENDPOINT_TEXT_SIZE];
    bool v4 = mapped(pattern->address);

    memcpy(&literal.address, pattern->address, 16);
    endpoint_print_host(&literal, host);
    text_add(out, pattern->form == WITH_BELOW ? " ." : pattern->form == ONLY_BELOW ? " *." : " ");
    if (pattern->form == ANY)
        text_add(out, "*");
    else if (pattern->form != ADDRESS)
        text_add(out, pattern->name);
    else {
        text_add(out, v4 ? "" : "[");
        text_add(out, host);
        text_add(out, v4 ? "/" : "]/");
        text_add_number(out, v4 ? pattern->bits - 96 : pattern->bits);
    }
    for (unsigned i = 0; i < pattern->ranges; i++) {
        text_add(out, i == 0 ? ":" : ",");
        text_add_number(out, pattern->first[i]);
        text_add(out, "-");
        text_add_number(out, pattern->last[i]);
    }
}

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);

    return size > end_size + 1 && name[size - end_size - 1] == '.' &&
           strcasecmp(name + size - end_size, end) == 0;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++)
        if ((a[i / 8] ^ b[i / 8]) & 0x80 >> i % 8)
            return false;
    return true;
}

static bool plain_host_match(const struct plain_pattern *pattern, const struct plain_target *target)
{
    unsigned all = mapped(pattern->address) ? 96 : 0;

    if (pattern->form == ANY)
        return !target->local;
    if (pattern->form == ADDRESS)
        return target->literal && mapped(target->address) == mapped(pattern->address) &&
               !(target->local && pattern->bits == all) &&
               same_bits(pattern->address, target->address, pattern->bits);
    if (target->literal)
        return false;
    return (pattern->form != ONLY_BELOW && strcasecmp(pattern->name, target->name) == 0) ||
           (pattern->form != EXACT && ends_with(target->name, pattern->name));
}

static bool plain_match(const struct plain_pattern *pattern, const struct plain_target *target)
{
    if (!plain_host_match(pattern, target))
        return false;
    for (unsigned i = 0; i < pattern->ranges; i++)
        if (target->port >= pattern->first[i] && target->port <= pattern->last[i])
            return true;
    return pattern->ranges == 0;
}

/* The line of the rule, 0 if there is none. Patterns stand in one line each. */
static unsigned plain_decide(const struct plain_pattern *patterns, unsigned count,
                             const struct plain_target *target, bool last_counts)
{
    unsigned found = 0;

    for (unsigned i = 0; i < count; i++)
        if (plain_match(&patterns[i], target) && (found == 0 || last_counts))
            found = i + 1;
    return found;
}

static bool plain_local(const struct plain_target *target)
{
    static const uint8_t loopback6[16] = { [15] = 1 };
    const uint8_t *a = target->address;

    if (!target->literal)
        return strcasecmp(target->name, "localhost") == 0 || ends_with(target->name, "localhost");
    if (mapped(a))
        return a[12] == 127 || (a[12] == 169 && a[13] == 254);
    return memcmp(a, loopback6, 16) == 0 || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
}

static struct plain_target draw_target(void)
{
    struct plain_target target = { .literal = draw(2), .port = 1 + draw(28) };

    draw_name(target.name);
    draw_address(target.address);
    target.local = plain_local(&target);
    return target;
}

static unsigned ours(const struct config *config, const struct plain_target *target)
{
    struct endpoint endpoint = { .literal = target->literal, .port = (uint16_t)target->port };
    struct decision decision;

    if (target->literal)
        memcpy(&endpoint.address, target->address, 16);
    else
        strcpy(endpoint.host, target->name);
    decision = config_decide(config, &endpoint);
    assert_int_equal(decision.reason, decision.rule   ? REASON_RULE
                                      : target->local ? REASON_LOCAL
                                                      : REASON_DEFAULT);
    return decision.rule ? decision.rule->line : 0;
}

static unsigned draw_rules(struct plain_pattern *patterns, char *text)
{
    static const char *const verbs[] = { "direct", "tunnel", "reject" };
    struct text out = text_in(text, TEXT_SIZE);
    unsigned count = 1 + draw(RULES_IN_SET);

    for (unsigned i = 0; i < count; i++) {
        patterns[i] = draw_pattern();
        text_add(&out, verbs[draw(3)]);
        print_pattern(&out, &patterns[i]);
        text_add(&out, "\n");
    }
    text_add(&out, "default direct\nproxy proxy.test:3128\n");
    assert_false(out.cut);
    return count;
}

/* How many of 100,000 random pairs of rules and target are decided otherwise than by looking at each rule. */
static unsigned differences(bool last_counts, unsigned *matches)
{
    static struct plain_pattern patterns[RULES_IN_SET];
    static char text[TEXT_SIZE];
    unsigned different = 0;

    for (int set = 0; set < SETS; set++) {
        unsigned count = draw_rules(patterns, text);
        const struct config *config;

        variables_clear();
        config = config_of(text);
        for (int i = 0; i < TARGETS; i++) {
            struct plain_target target = draw_target();
            unsigned line = plain_decide(patterns, count, &target, last_counts);

            *matches += line > 0;
            different += line != ours(config, &target);
        }
    }
    return different;
}

static void start_drawing(void)
{
    const char *given = getenv("SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    random_state = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_sec * 1000003 ^ (uint64_t)now.tv_nsec;
    random_state |= 1;
    printf("# SEED=%llu\n", (unsigned long long)random_state);
}

static void as_if_each_rule_were_looked_at(void **state)
{
    unsigned matches = 0;

    (void)state;
    start_drawing();
    assert_int_equal(differences(false, &matches), 0);
    assert_in_range(matches, SETS * TARGETS / 4, SETS * TARGETS);
}

/* The same comparison with a rule that is wrong finds that out. */
static void last_match_would_be_noticed(void **state)
{
    unsigned matches = 0;

    (void)state;
    start_drawing();
    assert_in_range(differences(true, &matches), 1, SETS * TARGETS);
}

int main(void)
{
    ROWS(decisions, decides);
    ROWS(fates, fate);
    ROWS(about, rules_about);
    STORY(a_name_and_its_address);
    STORY(as_if_each_rule_were_looked_at);
    STORY(last_match_would_be_noticed);
    return rows_run("rules");
}
