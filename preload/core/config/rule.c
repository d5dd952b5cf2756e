/* The directives tunnel, direct and reject: patterns, and the route that they go via. */
#include "rule.h"
#include "complaint.h"
#include "routes.h"

#include <string.h>

static const char a_pattern[] = "a pattern, such as example.org, .example.org:22 or 10.0.0.0/8";

static void complain_pattern(struct parser *parser, const struct word *word,
                             const struct pattern_wrong *wrong)
{
    struct word part = { .text = wrong->part, .size = wrong->size };
    struct place place = word->at;

    if (place.column != 0 && wrong->part >= word->text)
        place.column += (uint32_t)(wrong->part - word->text) + word->quoted;
    complaint_expected(parser, &place, wrong->expected, &part);
}

static void parse_pattern(struct parser *parser, const struct word *word)
{
    struct pattern_wrong wrong;
    struct pattern pattern;
    const char *at;
    uint16_t first, last;

    if (!pattern_parse(&pattern, word->text, word->size, &wrong)) {
        complain_pattern(parser, word, &wrong);
        return;
    }
    at = pattern.ports;
    while (pattern_ports(&pattern, &at, &first, &last, &wrong))
        rules_add_pattern(&parser->rules, &pattern, first, last);
    if (wrong.expected)
        complain_pattern(parser, word, &wrong);
}

static void parse_via(struct parser *parser, struct line *line, struct rule *rule)
{
    struct word name;
    struct place place;

    if (line_word(line, &name)) {
        rule->route = routes_wanted(parser, &name);
        return;
    }
    place = line_place(line);
    complaint_expected(parser, &place, "the name of a route behind 'via'", NULL);
}

static void parse_patterns(struct parser *parser, struct line *line, struct rule *rule)
{
    unsigned patterns = 0;
    struct place place;
    struct word word;

    for (; line_word(line, &word); patterns++) {
        if (rule->verdict == VERDICT_TUNNEL && line_word_is(&word, "via")) {
            if (patterns == 0)
                complaint_expected(parser, &word.at, a_pattern, &word);
            parse_via(parser, line, rule);
            return;
        }
        parse_pattern(parser, &word);
    }
    place = line_place(line);
    if (patterns == 0 && !line->expected)
        complaint_expected(parser, &place, a_pattern, NULL);
}

static void count_rule(struct parser *parser, const struct rule *rule)
{
    parser->file_rules += parser->layer == LAYER_FILE;
    if (rule->verdict != VERDICT_TUNNEL)
        return;
    parser->wants_default |= rule->route == 0;
    parser->option_tunnels |= parser->layer == LAYER_OPTIONS;
}

void rule_parse(struct parser *parser, struct line *line, enum verdict verdict)
{
    struct rule rule = { .source = line->source->name, .verdict = (uint8_t)verdict };
    struct place place;
    uint32_t number;

    if (rules_added(&parser->rules) == RULES_MOST) {
        place = line_place(line);
        complaint_say(parser, &place, "more than 16777216 rules");
        line->at = line->end;
        return;
    }
    rule.words = line->directive.text;
    rule.line = line->directive.at.line;
    number = rules_add(&parser->rules, &rule);
    parse_patterns(parser, line, &rule);
    rule.size = (uint32_t)(line->at - rule.words);
    while (rule.size && (rule.words[rule.size - 1] == ' ' || rule.words[rule.size - 1] == '\t'))
        rule.size--;
    if (!parser->rules.no_memory)
        *rules_added_at(&parser->rules, number) = rule;
    count_rule(parser, &rule);
    line_finish(parser, line);
}
