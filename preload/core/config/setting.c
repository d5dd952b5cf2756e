/* The settings: what may be said of each, and what holds if nothing is said. */
#include "setting.h"
#include "complaint.h"
#include "routes.h"

#include <arpa/inet.h>
#include <string.h>

enum { SECONDS_MOST = 86400, WORDS_MOST = 3 };

static void parse_word(struct parser *parser, struct line *line, enum config_setting setting,
                       struct setting *out);
static void parse_seconds(struct parser *parser, struct line *line, enum config_setting setting,
                          struct setting *out);
static void parse_stand_ins(struct parser *parser, struct line *line, enum config_setting setting,
                            struct setting *out);

static const struct {
    const char *name, *expected;
    void (*parse)(struct parser *parser, struct line *line, enum config_setting setting, struct setting *out);
    const char *words[WORDS_MOST]; /* the value of a word is its number */
    long usual;
} settings[] = {
    [CONFIG_DEFAULT] = { "default",
                         "tunnel, direct or reject",
                         parse_word,
                         { "direct", "tunnel", "reject" },
                         VERDICT_TUNNEL },
    [CONFIG_FALLBACK] = { "fallback", "none or direct", parse_word, { "none", "direct" }, 0 },
    [CONFIG_NAMES] = { "names", "proxy or local", parse_word, { "proxy", "local" }, NAMES_PROXY },
    [CONFIG_RESOLVERS] = { "resolvers", "allow or refuse", parse_word, { "allow", "refuse" }, 0 },
    [CONFIG_LOOPBACK] = { "loopback", "direct or tunnel", parse_word, { "direct", "tunnel" }, 0 },
    [CONFIG_TIMEOUT] = { "timeout", "whole seconds from 1 to 86400", parse_seconds, { NULL }, 60 },
    [CONFIG_ATTEMPT] = { "attempt", "whole seconds from 1 to 86400", parse_seconds, { NULL }, 10 },
    [CONFIG_CHILDREN] = { "children", "allow or refuse", parse_word, { "allow", "refuse" }, 0 },
    [CONFIG_STAND_INS] = { "stand-ins",
                           "a range of addresses: IPV4/8 to /24, [IPV6]/8 to /112",
                           parse_stand_ins,
                           { NULL },
                           0 },
};
_Static_assert(sizeof settings / sizeof *settings == CONFIG_SETTINGS, "a setting has no row");

static const struct stand_ins usual_stand_ins[2] = {
    { .first.s6_addr = { [10] = 0xff, 0xff, 198, 18 }, .bits = 96 + 15 },
    { .first.s6_addr = { 0xfd, 0x70, 0x74, 0x75, 0x6e, 0x6e, 0x65, 0x6c }, .bits = 96 },
};

const char *config_setting_name(enum config_setting setting)
{
    return settings[setting].name;
}

const char *config_setting_word(enum config_setting setting, long value)
{
    return value >= 0 && value < WORDS_MOST ? settings[setting].words[value] : NULL;
}

const char *config_verdict_word(enum verdict verdict)
{
    return settings[CONFIG_DEFAULT].words[verdict];
}

void setting_start(struct parser *parser)
{
    for (int i = 0; i < CONFIG_SETTINGS; i++) {
        parser->settings[i].value = settings[i].usual;
        parser->said_by[i] = parser->said_last[i].by = LAYER_NOBODY;
    }
    memcpy(parser->stand_ins, usual_stand_ins, sizeof usual_stand_ins);
}

static void expect(struct parser *parser, struct line *line, enum config_setting setting,
                   const struct word *instead)
{
    struct place place = instead ? instead->at : line_place(line);

    complaint_expected(parser, &place, settings[setting].expected, instead);
    line->at = line->end;
}

static void parse_word(struct parser *parser, struct line *line, enum config_setting setting,
                       struct setting *out)
{
    struct word word, via, name;
    struct line before;

    if (!line_word(line, &word)) {
        expect(parser, line, setting, NULL);
        return;
    }
    out->value = -1;
    for (int i = 0; i < WORDS_MOST; i++)
        if (settings[setting].words[i] && line_word_is(&word, settings[setting].words[i]))
            out->value = i;
    if (out->value < 0)
        expect(parser, line, setting, &word);
    if (setting != CONFIG_DEFAULT || out->value != VERDICT_TUNNEL)
        return;
    before = *line;
    if (!line_word(line, &via))
        return;
    if (!line_word_is(&via, "via") || !line_word(line, &name)) {
        *line = before;
        complaint_expected(parser, &via.at, "'via' and the name of a route", &via);
        line->at = line->end;
        return;
    }
    out->route = routes_wanted(parser, &name);
}

static void parse_seconds(struct parser *parser, struct line *line, enum config_setting setting,
                          struct setting *out)
{
    struct word word;

    if (!line_word(line, &word)) {
        expect(parser, line, setting, NULL);
        return;
    }
    out->value = text_to_number(word.text, word.size, 1, SECONDS_MOST);
    if (out->value < 0)
        expect(parser, line, setting, &word);
}

static bool parse_range(const struct word *word, struct stand_ins *out)
{
    struct pattern_wrong wrong;
    struct pattern pattern;

    if (!pattern_parse(&pattern, word->text, word->size, &wrong) || pattern.ports != pattern.end)
        return false;
    if (pattern.kind != PATTERN_V4 && pattern.kind != PATTERN_V6)
        return false;
    if (pattern.bits < 8 || pattern.bits > (pattern.kind == PATTERN_V4 ? 24 : 112))
        return false;
    *out = (struct stand_ins){ .bits = pattern.bits };
    for (int i = 0; i < 16; i++)
        out->first.s6_addr[i] = (uint8_t)((i < 8 ? pattern.key.high : pattern.key.low) >> (56 - 8 * (i % 8)));
    if (pattern.kind == PATTERN_V6)
        return true;
    out->bits += 96;
    memcpy(out->first.s6_addr + 12, out->first.s6_addr, 4);
    memset(out->first.s6_addr, 0, 10);
    memset(out->first.s6_addr + 10, 0xff, 2);
    return true;
}

static void parse_stand_ins(struct parser *parser, struct line *line, enum config_setting setting,
                            struct setting *out)
{
    bool overridden = parser->said_by[setting] != LAYER_NOBODY, given[2] = { false, false };
    struct stand_ins range;
    struct word word;

    out->value = 0;
    while (line_word(line, &word)) {
        int family;

        if (!parse_range(&word, &range)) {
            expect(parser, line, setting, &word);
            return;
        }
        family = !IN6_IS_ADDR_V4MAPPED(&range.first);
        if (given[family]) {
            complaint_expected(parser, &word.at, "at most one range of IPv4 and one of IPv6", &word);
            return;
        }
        given[family] = true;
        if (!overridden)
            parser->stand_ins[family] = range;
    }
    if (!given[0] && !given[1] && !line->expected)
        expect(parser, line, setting, NULL);
}

static void complain_twice(struct parser *parser, const struct place *place, const struct place *first,
                           const char *name)
{
    struct place line = { .source = first->source, .line = first->line };
    struct text *out = complaint_start(parser, place);

    text_add(out, "'");
    text_add(out, name);
    text_add(out, "' is given twice, first in ");
    place_print(out, &line);
    complaint_end(parser);
}

void setting_parse(struct parser *parser, struct line *line, enum config_setting setting)
{
    struct setting fresh = { .at = line->directive.at };

    parser->file_default += parser->layer == LAYER_FILE && setting == CONFIG_DEFAULT;
    settings[setting].parse(parser, line, setting, &fresh);
    line_finish(parser, line);
    if (parser->said_last[setting].by == parser->layer && !parser->first_counts)
        complain_twice(parser, &fresh.at, &parser->said_last[setting].at, settings[setting].name);
    parser->said_last[setting].by = parser->layer;
    parser->said_last[setting].at = fresh.at;
    if (parser->said_by[setting] != LAYER_NOBODY)
        return;
    parser->settings[setting] = fresh;
    parser->said_by[setting] = parser->layer;
}
