/* Rule text: a directive a line. */
#include "parser.h"

#include <ptunnel/arena.h>

#include <string.h>

enum { SHOWN_MOST = 60, WORD_MOST = 24 };

static void parse_tunnel(struct parser *parser, struct line *line)
{
    parse_rule(parser, line, VERDICT_TUNNEL);
}

static void parse_direct(struct parser *parser, struct line *line)
{
    parse_rule(parser, line, VERDICT_DIRECT);
}

static void parse_reject(struct parser *parser, struct line *line)
{
    parse_rule(parser, line, VERDICT_REJECT);
}

static const struct {
    const char *word;
    void (*parse)(struct parser *parser, struct line *line);
} directives[] = {
    { "tunnel", parse_tunnel },           { "direct", parse_direct },
    { "reject", parse_reject },           { "proxy", parse_proxy },
    { "header", parse_header },           { "include", parse_include },
    { "credentials", parse_credentials },
};

struct text *complaint(struct parser *parser, const struct place *place)
{
    parser->bad = true;
    place_print(parser->wrong, place);
    text_add(parser->wrong, ": ");
    return parser->wrong;
}

void complaint_end(struct parser *parser)
{
    struct text *wrong = parser->wrong;

    text_add(wrong, "\n");
    if (!wrong->cut)
        return;
    while (wrong->at > wrong->start && wrong->at[-1] != '\n')
        wrong->at--;
    *wrong->at = '\0';
}

void complain(struct parser *parser, const struct place *place, const char *words)
{
    text_add(complaint(parser, place), words);
    complaint_end(parser);
}

static void add_expected(struct text *out, const char *what, const struct word *instead)
{
    text_add(out, "expected ");
    text_add(out, what);
    text_add(out, ", not ");
    text_add(out, instead ? "'" : "the end of the line");
    if (instead) {
        text_add_foreign(out, instead->text, instead->size, SHOWN_MOST);
        text_add(out, "'");
    }
}

void complain_expected(struct parser *parser, const struct place *place, const char *what,
                       const struct word *instead)
{
    add_expected(complaint(parser, place), what, instead);
    complaint_end(parser);
}

void line_finish(struct parser *parser, struct line *line)
{
    struct word word;

    if (!line->expected && line_word(line, &word))
        complain_expected(parser, &word.at, "the end of the line", &word);
    if (!line->expected)
        return;
    line->at = line->broken;
    word = (struct word){ .text = line->at, .size = line->at < line->end, .at = place_behind(line) };
    complain_expected(parser, &word.at, line->expected, word.size ? &word : NULL);
    line->at = line->end;
}

void *parser_alloc(struct parser *parser, size_t size)
{
    void *memory = arena_alloc(size);

    if (!memory)
        parser->no_memory = true;
    return memory;
}

const char *parser_copy(struct parser *parser, const char *text, size_t size)
{
    char *copy = parser_alloc(parser, size + 1);

    return copy ? memcpy(copy, text, size) : "";
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters must be put in, taken out or changed to make one word of the other (Levenshtein). */
static unsigned distance(const struct word *word, const char *other)
{
    unsigned row[WORD_MOST + 1];
    size_t size = strlen(other);

    if (word->size > WORD_MOST || size > WORD_MOST)
        return WORD_MOST;
    for (unsigned k = 0; k <= size; k++)
        row[k] = k;
    for (size_t i = 0; i < word->size; i++) {
        unsigned corner = row[0];

        row[0] = (unsigned)i + 1;
        for (size_t k = 0; k < size; k++) {
            unsigned changed = corner + (text_lower(word->text[i]) != (unsigned char)other[k]);

            corner = row[k + 1];
            row[k + 1] = least(changed, least(corner, row[k]) + 1);
        }
    }
    return row[size];
}

static const char *directive_word(size_t number)
{
    const size_t known = sizeof directives / sizeof *directives;

    return number < known ? directives[number].word
                          : config_setting_name((enum config_setting)(number - known));
}

static void complain_directive(struct parser *parser, const struct word *word)
{
    struct text *out = complaint(parser, &word->at);
    const char *nearest = NULL;
    unsigned best = word->size < 5 ? 2 : 3; /* more than this many letters wrong is another word */

    for (size_t i = 0; i < sizeof directives / sizeof *directives + CONFIG_SETTINGS; i++)
        if (distance(word, directive_word(i)) < best) {
            nearest = directive_word(i);
            best = distance(word, nearest);
        }
    add_expected(out, "tunnel, direct, reject, proxy, default or another directive", word);
    if (nearest) {
        text_add(out, ": did you mean '");
        text_add(out, nearest);
        text_add(out, "'?");
    }
    complaint_end(parser);
}

static void parse_line(struct parser *parser, struct line *line)
{
    if (!line_word(line, &line->directive)) {
        line_finish(parser, line);
        return;
    }
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++)
        if (word_is(&line->directive, directives[i].word)) {
            directives[i].parse(parser, line);
            return;
        }
    for (int i = 0; i < CONFIG_SETTINGS; i++)
        if (word_is(&line->directive, config_setting_name((enum config_setting)i))) {
            parse_setting(parser, line, (enum config_setting)i);
            return;
        }
    complain_directive(parser, &line->directive);
}

static bool has_nul(struct parser *parser, const struct line *line)
{
    const char *nul = memchr(line->start, '\0', (size_t)(line->end - line->start));
    struct line at = *line;
    struct place place;

    if (!nul)
        return false;
    at.at = nul;
    place = place_behind(&at);
    complain(parser, &place, "a NUL byte: this is no text");
    return true;
}

bool source_line(struct line *line)
{
    static const char mark[] = "\xef\xbb\xbf";
    struct source *source = line->source;
    const char *end;

    if (line->number == 0 && source->end - source->at >= 3 && memcmp(source->at, mark, 3) == 0)
        source->at += 3;
    if (source->at >= source->end)
        return false;
    end = memchr(source->at, '\n', (size_t)(source->end - source->at));
    line->start = line->at = source->at;
    line->end = end ? end : source->end;
    source->at = end ? end + 1 : source->end;
    if (line->end > line->start && line->end[-1] == '\r')
        line->end--;
    line->number++;
    line->expected = NULL;
    return true;
}

void parse_source(struct parser *parser, struct source *source)
{
    struct line line = { .source = source };

    while (!parser->no_memory && source_line(&line))
        if (!has_nul(parser, &line))
            parse_line(parser, &line);
}
