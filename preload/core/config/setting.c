/* The settings: their values in words, and what holds if nothing is said. */
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
    const char *name;
    void (*parse)(struct parser *parser, struct line *line, enum config_setting setting, struct setting *out);
    long usual;
    const char *words[WORDS_MOST]; /* of parse_word(): the value of a word is its number */
    const char *expected;          /* of the others */
} settings[] = {
    [CONFIG_DEFAULT] = { "default", parse_word, VERDICT_TUNNEL, .words = { "direct", "tunnel", "reject" } },
    [CONFIG_FALLBACK] = { "fallback", parse_word, 0, .words = { "none", "direct" } },
    [CONFIG_NAMES] = { "names", parse_word, NAMES_PROXY, .words = { "proxy", "local" } },
    [CONFIG_RESOLVERS] = { "resolvers", parse_word, RESOLVERS_ALLOW,
                           .words = { "allow", "refuse", "answer" } },
    [CONFIG_LOOPBACK] = { "loopback", parse_word, 0, .words = { "direct", "tunnel" } },
    [CONFIG_TIMEOUT] = { "timeout", parse_seconds, CONFIG_TIMEOUT_USUAL,
                         .expected = "whole seconds from 1 to 86400" },
    [CONFIG_ATTEMPT] = { "attempt", parse_seconds, CONFIG_ATTEMPT_USUAL,
                         .expected = "whole seconds from 1 to 86400" },
    [CONFIG_CHILDREN] = { "children", parse_word, 0, .words = { "allow", "refuse" } },
    [CONFIG_STAND_INS] = { "stand-ins", parse_stand_ins, 0,
                           .expected = "a range of addresses: IPV4/8 to /24, [IPV6]/8 to /112" },
};
_Static_assert(sizeof settings / sizeof *settings == CONFIG_SETTINGS, "a setting has no row");

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
    parser->stand_ins = names_usual_ranges;
}

static void expect(struct parser *parser, struct line *line, enum config_setting setting,
                   const struct word *instead)
{
    struct place place = instead ? instead->at : line_place(line);
    const char *const *words = settings[setting].words;
    char list[64];
    struct text out = text_in(list, sizeof list);

    /* "direct, tunnel or reject" */
    for (int i = 0; i < WORDS_MOST && words[i]; i++)
        text_print(&out, "%s%s", i == 0 ? "" : i + 1 < WORDS_MOST && words[i + 1] ? ", " : " or ", words[i]);
    complaint_expected(parser, &place, words[0] ? list : settings[setting].expected, instead);
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

/* Puts one range in its place; given[] says which family had one in this line. False, with a complaint, if
 * it is no range, or the second of its family. */
static bool parse_range(struct parser *parser, struct line *line, const struct word *word, bool given[2],
                        struct names_ranges *out)
{
    struct pattern_wrong wrong;
    struct pattern range;
    bool v6;

    if (!pattern_parse(&range, word->text, word->size, &wrong) || range.ports != range.end ||
        (range.kind != PATTERN_V4 && range.kind != PATTERN_V6) || range.bits < 8 ||
        range.bits > (range.kind == PATTERN_V4 ? 24 : 112)) {
        expect(parser, line, CONFIG_STAND_INS, word);
        return false;
    }
    v6 = range.kind == PATTERN_V6;
    if (given[v6]) {
        complaint_expected(parser, &word->at, "at most one range of IPv4 and one of IPv6", word);
        return false;
    }
    given[v6] = true;
    *(v6 ? &out->v6_bits : &out->v4_bits) = range.bits;
    if (v6)
        prefix_bytes(range.key, out->v6.s6_addr, 16);
    else
        prefix_bytes(range.key, out->v4.s6_addr + 12, 4);
    return true;
}

static void parse_stand_ins(struct parser *parser, struct line *line, enum config_setting setting,
                            struct setting *out)
{
    struct names_ranges ranges = parser->stand_ins;
    bool given[2] = { false, false };
    struct word word;

    out->value = 0;
    while (line_word(line, &word))
        if (!parse_range(parser, line, &word, given, &ranges))
            return;
    if (!given[0] && !given[1] && !line->expected)
        expect(parser, line, setting, NULL);
    if (parser->said_by[setting] == LAYER_NOBODY)
        parser->stand_ins = ranges;
}

static void complain_twice(struct parser *parser, const struct place *place, const struct place *first,
                           const char *name)
{
    struct place line = { .source = first->source, .line = first->line };
    struct text *out = complaint_start(parser, place);

    text_print(out, "'%s' is given twice, first in ", name);
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
