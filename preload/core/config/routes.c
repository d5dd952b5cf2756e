#include "routes.h"
#include "complaint.h"

#include <string.h>

enum { ROUTES_MOST = 256 };

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool routes_is_name(const struct word *word)
{
    if (word->quoted || word->size == 0 || !letter(word->text[0]))
        return false;
    for (size_t i = 0; i < word->size; i++)
        if (!letter(word->text[i]) && !(word->text[i] >= '0' && word->text[i] <= '9') &&
            word->text[i] != '-' && word->text[i] != '_')
            return false;
    return true;
}

size_t routes_count(const struct parser *parser)
{
    return parser->routes.size / sizeof(struct route_entry);
}

struct route_entry *routes_entry(struct parser *parser, size_t number)
{
    return (struct route_entry *)(void *)parser->routes.start + number;
}

static size_t find(struct parser *parser, const struct word *name)
{
    size_t i = 1;

    while (i < routes_count(parser) && (routes_entry(parser, i)->name_size != name->size ||
                                        memcmp(routes_entry(parser, i)->name, name->text, name->size) != 0))
        i++;
    return i;
}

uint16_t routes_find_or_make(struct parser *parser, const struct word *name)
{
    size_t number = find(parser, name);
    struct route_entry *entry;

    if (number < routes_count(parser))
        return (uint16_t)number;
    if (number == ROUTES_MOST) {
        complaint_say(parser, &name->at, "more than 255 named routes");
        return 0;
    }
    entry = scratch_add(&parser->routes, sizeof *entry);
    if (!entry) {
        parser->no_memory = true;
        return 0;
    }
    *entry = (struct route_entry){ .name_size = name->size, .layer = LAYER_NOBODY, .said_by = LAYER_NOBODY };
    entry->name = parser_copy(parser, name->text, name->size);
    return (uint16_t)number;
}

static bool check_name(struct parser *parser, const struct word *name)
{
    if (routes_is_name(name))
        return true;
    complaint_expected(parser, &name->at, "the name of a route (a letter, then letters, digits, '-' and '_')",
                       name);
    return false;
}

uint16_t routes_wanted(struct parser *parser, const struct word *name)
{
    uint16_t number = check_name(parser, name) ? routes_find_or_make(parser, name) : 0;

    if (number && !routes_entry(parser, number)->wanted.source)
        routes_entry(parser, number)->wanted = name->at;
    return number;
}

bool routes_named_value(struct parser *parser, struct line *line, const char *what, uint16_t *number,
                        struct word *value)
{
    struct line ahead = *line;
    struct place place = line_place(line);
    struct word name;

    *number = 0;
    if (!line_word(&ahead, &name)) {
        if (ahead.expected)
            line_finish(parser, &ahead);
        else
            complaint_expected(parser, &place, what, NULL);
        return false;
    }
    if (line_word(&ahead, value)) {
        *number = routes_wanted(parser, &name);
        if (*number == 0)
            return false;
    } else {
        *value = name;
    }
    *line = ahead;
    line_finish(parser, line);
    return !line->expected && !parser->no_memory;
}

static bool is_candidate(const struct route *route, const struct endpoint *proxy)
{
    for (size_t i = 0; route && i < route->count; i++)
        if (endpoint_equal(&route->candidates[i].proxy.at, proxy))
            return true;
    return false;
}

/* Tells one proxy what the route says: credentials, unless its URL has its own, and header fields. Where an
 * option or a variable replaced the file's default route, the file's header fields go only to proxies that
 * the file names, too: they may be secret. NULL, or what is wrong. */
static const char *equip(const struct route_entry *entry, struct proxy *proxy)
{
    const char *wrong = NULL;

    if (entry->has_credentials && !proxy->has_credentials)
        wrong = proxy_set_credentials(proxy, entry->user, entry->password);
    if ((entry->layer == LAYER_OPTIONS || entry->layer == LAYER_VARIABLE) &&
        !is_candidate(entry->replaced, &proxy->at))
        return wrong;
    for (const struct config_field *field = entry->made.fields; field && !wrong; field = field->next)
        wrong = proxy_add_field(proxy, field->field);
    return wrong;
}

void routes_finish(struct parser *parser)
{
    for (size_t i = 0; i < routes_count(parser); i++) {
        struct route_entry *entry = routes_entry(parser, i);
        const char *wrong = NULL;

        if (i > 0 && entry->layer == LAYER_NOBODY) {
            struct word name = { .text = entry->name, .size = entry->name_size };

            complaint_expected(parser, &entry->wanted, "the name of a route that a 'proxy' line defines",
                               &name);
            continue;
        }
        for (size_t k = 0; k < entry->made.route.count && !wrong && !parser->bad; k++)
            wrong = equip(entry, &entry->made.route.candidates[k].proxy);
        if (wrong)
            complaint_say(parser, &entry->made.at, wrong);
        explicit_bzero(entry->password, sizeof entry->password);
    }
}
