#include "scheme.h"

#include <ptunnel/text.h>

#include <string.h>

static const char *const names[SCHEMES] = {
    [SCHEME_NONE] = "",         [SCHEME_NTLM] = "NTLM",   [SCHEME_NEGOTIATE] = "Negotiate",
    [SCHEME_DIGEST] = "Digest", [SCHEME_BASIC] = "Basic",
};

const char *scheme_name(enum scheme scheme)
{
    return names[scheme];
}

enum scheme scheme_of(const char *name, size_t size)
{
    for (int i = SCHEME_NONE + 1; i < SCHEMES; i++)
        if (strlen(names[i]) == size && text_begins(name, names[i]))
            return (enum scheme)i;
    return SCHEME_NONE;
}

static void add(struct schemes *out, enum scheme scheme)
{
    if (!scheme_is_in(out, scheme))
        out->at[out->count++] = scheme;
}

bool scheme_list(struct schemes *out, const char *words, bool has_password)
{
    *out = (struct schemes){ .any = strcmp(words, "auto") == 0 };
    if (out->any && !has_password)
        add(out, SCHEME_NEGOTIATE);
    for (int i = SCHEME_NONE + 1; i < SCHEMES && out->any && has_password; i++)
        add(out, (enum scheme)i);
    while (!out->any && *words) {
        size_t size = strcspn(words, ",");
        enum scheme scheme = scheme_of(words, size);

        if (scheme == SCHEME_NONE)
            return false;
        add(out, scheme);
        words += size + (words[size] == ',');
    }
    return out->count > 0;
}

bool scheme_is_in(const struct schemes *schemes, enum scheme scheme)
{
    for (size_t i = 0; i < schemes->count; i++)
        if (schemes->at[i] == scheme)
            return true;
    return false;
}
