#include "parser.h"

#include <ptunnel/arena.h>

#include <string.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct place place_at(const struct line *line, const char *at)
{
    if (!line->source->has_lines)
        return (struct place){ .source = line->source->name };
    return (struct place){ .source = line->source->name,
                           .line = line->number,
                           .column = (uint32_t)(at - line->start) + 1 };
}

struct place place_behind(const struct line *line)
{
    return place_at(line, line->at);
}

static bool broken(struct line *line, const char *at, const char *expected)
{
    line->expected = expected;
    line->broken = at;
    line->at = line->end;
    return false;
}

/* Without the backslashes in front of '"' and '\'. */
static bool unescape(struct word *word)
{
    char *plain = arena_alloc(word->size);
    size_t used = 0;

    if (!plain)
        return false;
    for (size_t i = 0; i < word->size; i++) {
        if (word->text[i] == '\\' && i + 1 < word->size &&
            (word->text[i + 1] == '"' || word->text[i + 1] == '\\'))
            i++;
        plain[used++] = word->text[i];
    }
    word->text = plain;
    word->size = used;
    return true;
}

static bool quoted_word(struct line *line, struct word *out)
{
    const char *start = line->at + 1, *c = start;
    bool escaped = false;

    while (c < line->end && *c != '"') {
        if (*c == '\\' && c + 1 < line->end) {
            escaped = true;
            c++;
        }
        c++;
    }
    if (c == line->end)
        return broken(line, line->end, "a closing '\"'");
    *out = (struct word){
        .text = start, .size = (size_t)(c - start), .at = place_at(line, line->at), .quoted = true
    };
    line->at = c + 1;
    if (line->at < line->end && !blank(*line->at))
        return broken(line, line->at, "a blank behind the closing '\"'");
    return !escaped || unescape(out) || broken(line, start, "memory");
}

bool line_word(struct line *line, struct word *out)
{
    const char *start;

    while (line->at < line->end && blank(*line->at))
        line->at++;
    if (line->at == line->end || *line->at == '#')
        return false;
    if (*line->at == '"')
        return quoted_word(line, out);
    start = line->at;
    while (line->at < line->end && !blank(*line->at))
        line->at++;
    *out = (struct word){ .text = start, .size = (size_t)(line->at - start), .at = place_at(line, start) };
    return true;
}

bool word_is(const struct word *word, const char *what)
{
    size_t same = 0;

    while (same < word->size && what[same] == word->text[same] && what[same])
        same++;
    return same == word->size && !what[same] && !word->quoted;
}
