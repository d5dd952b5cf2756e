/* Rules: which one speaks of a target. */
#include "support/configs.h"
#include "support/rows.h"

#include <stdio.h>
#include <string.h>

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
    { "an address", "default tunnel", "192.0.2.7", 0, NAME_NOT_ONE },
    { "an address and a dot", "default tunnel", "192.0.2.7.", 0, NAME_NOT_ONE },
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

int main(void)
{
    ROWS(decisions, decides);
    ROWS(fates, fate);
    ROWS(about, rules_about);
    STORY(a_name_and_its_address);
    return rows_run("rules");
}
