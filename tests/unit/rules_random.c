/* Rules against a matcher that looks at all of them in turn. */
#include "support/configs.h"
#include "support/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Random rules, decided twice. What is drawn is little varied, so that rules overlap and targets meet
 * them. */
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
    STORY(as_if_each_rule_were_looked_at);
    STORY(last_match_would_be_noticed);
    return rows_run("rules_random");
}
