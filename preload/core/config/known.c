#include "known.h"
#include "complaint.h"
#include "inside.h"

#include <strings.h>

static bool take_address(struct addresses *list, const struct word *word)
{
    struct endpoint address = { 0 };

    if (endpoint_set_host(&address, word->text, word->size) || !address.literal ||
        list->count == ADDRESSES_MOST)
        return false;
    list->at[list->count].address = address.address;
    list->at[list->count++].scope = address.scope;
    return true;
}

void known_parse(struct parser *parser, struct line *line)
{
    struct known *known = parser_alloc(parser, sizeof *known);
    struct place place = line_place(line);
    struct word word;

    if (!known)
        return;
    if (!line_word(line, &word)) {
        complaint_expected(parser, &place, "the name of a proxy", NULL);
        return;
    }
    if (endpoint_set_host(&known->name, word.text, word.size) || known->name.literal) {
        complaint_expected(parser, &word.at, "the name of a proxy", &word);
        return;
    }
    for (place = line_place(line); line_word(line, &word); place = line_place(line))
        if (!take_address(&known->list, &word)) {
            complaint_expected(parser, &word.at, "up to 8 addresses", &word);
            return;
        }
    if (known->list.count == 0) {
        complaint_expected(parser, &place, "an address", NULL);
        return;
    }
    line_finish(parser, line);
    known->next = parser->known;
    parser->known = known;
}

static const struct known *find(const struct parser *parser, const struct endpoint *name)
{
    const struct known *known = parser->known;

    while (known && strcasecmp(known->name.host, name->host) != 0)
        known = known->next;
    return known;
}

void known_apply(const struct parser *parser, const struct route *route)
{
    for (size_t i = 0; i < route->count; i++) {
        struct candidate *candidate = &route->candidates[i];
        const struct known *known = candidate->proxy.at.literal ? NULL : find(parser, &candidate->proxy.at);

        if (known)
            candidate_know(candidate, &known->list);
    }
}

/* Of a link-local address the text has no room for the interface. */
static bool has_scope(const struct addresses *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i].scope != 0)
            return true;
    return false;
}

static void write_candidate(const struct candidate *candidate, struct text *out)
{
    const struct addresses *list = atomic_load(&candidate->addresses);
    char host[ENDPOINT_TEXT_SIZE];

    if (candidate->proxy.at.literal || !list || has_scope(list))
        return;
    text_print(out, "address %s", candidate->proxy.at.host);
    for (size_t i = 0; i < list->count; i++) {
        struct endpoint address = { .literal = true, .address = list->at[i].address };

        endpoint_print_host(&address, host);
        text_print(out, " %s", host);
    }
    text_add(out, "\n");
}

void known_write(const struct config *config, struct text *out)
{
    for (size_t i = 0; i < config->route_count; i++)
        for (size_t k = 0; k < config->routes[i].route.count; k++)
            write_candidate(&config->routes[i].route.candidates[k], out);
}
