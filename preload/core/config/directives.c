/* Rule text: a directive a line. */
#include "directives.h"
#include "accounts.h"
#include "complaint.h"
#include "known.h"
#include "proxies.h"
#include "rule.h"
#include "setting.h"

#include <string.h>

enum { WORD_MOST = 24, FILES_MOST = 256, INCLUDES_DEEP = 16 };

static void parse_tunnel(struct parser *parser, struct line *line)
{
    rule_parse(parser, line, VERDICT_TUNNEL);
}

static void parse_direct(struct parser *parser, struct line *line)
{
    rule_parse(parser, line, VERDICT_DIRECT);
}

static void parse_reject(struct parser *parser, struct line *line)
{
    rule_parse(parser, line, VERDICT_REJECT);
}

static void parse_include(struct parser *parser, struct line *line);

static const struct {
    const char *word;
    void (*parse)(struct parser *parser, struct line *line);
} directives[] = {
    { "tunnel", parse_tunnel },
    { "direct", parse_direct },
    { "reject", parse_reject },
    { "proxy", proxies_parse },
    { "header", proxies_parse_header },
    { "include", parse_include },
    { "credentials", proxies_parse_credentials },
    { "auth", accounts_parse_auth },
    { "service", accounts_parse_service },
    { "agent", accounts_parse_agent },
    { "address", known_parse },
};

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
    struct text *out = complaint_start(parser, &word->at);
    const char *nearest = NULL;
    unsigned best = word->size < 5 ? 2 : 3; /* more than this many letters wrong is another word */

    for (size_t i = 0; i < sizeof directives / sizeof *directives + CONFIG_SETTINGS; i++)
        if (distance(word, directive_word(i)) < best) {
            nearest = directive_word(i);
            best = distance(word, nearest);
        }
    complaint_add_expected(out, "tunnel, direct, reject, proxy, default or another directive", word);
    if (nearest)
        text_print(out, ": did you mean '%s'?", nearest);
    complaint_end(parser);
}

static void parse_line(struct parser *parser, struct line *line)
{
    if (!line_word(line, &line->directive)) {
        line_finish(parser, line);
        return;
    }
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++)
        if (line_word_is(&line->directive, directives[i].word)) {
            directives[i].parse(parser, line);
            return;
        }
    for (int i = 0; i < CONFIG_SETTINGS; i++)
        if (line_word_is(&line->directive, config_setting_name((enum config_setting)i))) {
            setting_parse(parser, line, (enum config_setting)i);
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
    place = line_place(&at);
    complaint_say(parser, &place, "a NUL byte: this is no text");
    return true;
}

void directives_parse(struct parser *parser, struct source *source)
{
    struct line line = { .source = source };

    while (!parser->no_memory && line_next(&line))
        if (!has_nul(parser, &line))
            parse_line(parser, &line);
}

void directives_parse_file(struct parser *parser, struct source *file)
{
    struct config_text *text = parser_alloc(parser, sizeof *text);

    if (!text)
        return;
    *text = (struct config_text){ .path = file->path, .start = file->at, .end = file->end };
    *(parser->texts ? &parser->last_text->next : &parser->texts) = text;
    parser->last_text = file->kept = text;
    directives_parse(parser, file);
}

static bool may_include(struct parser *parser, const struct source *file, const struct word *path)
{
    unsigned depth = 0;

    for (const struct source *around = file->asker; around; around = around->asker, depth++)
        if (around->path && around->device == file->device && around->inode == file->inode)
            return source_refuse(parser, file->path, &path->at,
                                 "includes itself, here or by way of other files", 0);
    if (depth > INCLUDES_DEEP)
        return source_refuse(parser, file->path, &path->at, "is included more than 16 deep", 0);
    if (++parser->files > FILES_MOST)
        return source_refuse(parser, file->path, &path->at,
                             "is one file more than the 256 that may be included", 0);
    return true;
}

static void parse_include(struct parser *parser, struct line *line)
{
    struct place place = line_place(line);
    struct source file = { 0 };
    struct word word;
    const char *path;

    if (!line_word(line, &word)) {
        if (!line->expected)
            complaint_expected(parser, &place, "the path of a rule file", NULL);
        line_finish(parser, line);
        return;
    }
    line_finish(parser, line);
    path = source_path(parser, line->source, &word);
    if (!path || !source_open(parser, &file, path, &word.at, false))
        return;
    file.asker = line->source;
    if (may_include(parser, &file, &word))
        directives_parse_file(parser, &file);
}
