#include "walk.h"

#include <string.h>

const char *reach_keep(struct reach_walk *walk, const char *bytes, size_t size)
{
    const char *kept = walk->text.at;

    text_add_bytes(&walk->text, bytes, size);
    if (walk->text.cut || walk->text.at == walk->text.end)
        return NULL;
    walk->text.at++; /* behind its NUL */
    *walk->text.at = '\0';
    return kept;
}

bool reach_replace_words(struct reach_walk *walk, size_t drop, const char *const *words, size_t size)
{
    size_t rest = walk->count - drop;

    if (size > REACH_WORDS)
        return false;
    if (rest > REACH_WORDS - size) {
        rest = REACH_WORDS - size;
        walk->more = true;
    }
    memmove(walk->words + size, walk->words + drop, rest * sizeof *walk->words);
    if (size > 0)
        memcpy(walk->words, words, size * sizeof *words);
    walk->count = size + rest;
    return true;
}

void reach_drop_words(struct reach_walk *walk, size_t count)
{
    reach_replace_words(walk, count < walk->count ? count : walk->count, NULL, 0);
}
