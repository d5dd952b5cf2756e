#include "line.h"
#include "complaint.h"

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

struct place line_place(const struct line *line)
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

bool line_word_is(const struct word *word, const char *what)
{
    size_t same = 0;

    while (same < word->size && what[same] == word->text[same] && what[same])
        same++;
    return same == word->size && !what[same] && !word->quoted;
}

bool line_next(struct line *line)
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

void line_finish(struct parser *parser, struct line *line)
{
    struct word word;

    if (!line->expected && line_word(line, &word))
        complaint_expected(parser, &word.at, "the end of the line", &word);
    if (!line->expected)
        return;
    line->at = line->broken;
    word = (struct word){ .text = line->at, .size = line->at < line->end, .at = line_place(line) };
    complaint_expected(parser, &word.at, line->expected, word.size ? &word : NULL);
    line->at = line->end;
}
