/* The directives proxy, credentials and header. */
#include "proxies.h"
#include "complaint.h"
#include "routes.h"

#include <string.h>

/* Never repeats the URL: it may hold a password. */
static void complain_url(struct parser *parser, const struct word *url, const char *wrong)
{
    struct text *out = complaint_start(parser, &url->at);

    text_print(out, "proxy URL: %s", wrong);
    complaint_end(parser);
}

static bool has_password(const struct word *url)
{
    const char *scheme = memmem(url->text, url->size, "://", 3);
    const char *start = scheme ? scheme + 3 : url->text, *end = url->text + url->size;
    const char *at = memrchr(start, '@', (size_t)(end - start));

    return at && memchr(start, ':', (size_t)(at - start));
}

static size_t count_words(struct line line)
{
    struct word word;
    size_t count = 0;

    while (line_word(&line, &word))
        count++;
    return count;
}

/* Reads the rest of the line as the candidates of a route. */
static void parse_urls(struct parser *parser, struct line *line, struct config_route *out)
{
    size_t count = count_words(*line);
    size_t room = (size_t)(line->end - line->at) + 1;
    struct place place = line_place(line);
    char *urls = parser_alloc(parser, room);
    struct text list;
    struct word url;

    if (count == 0 && !line->expected)
        complaint_expected(parser, &place, "a proxy URL, such as http://proxy.example.org:3128", NULL);
    if (count > ROUTE_CANDIDATES_MOST) {
        complaint_say(parser, &place, "more than 32 proxies");
        line->at = line->end;
        return;
    }
    out->route.candidates = parser_alloc(parser, (count + 1) * sizeof *out->route.candidates);
    if (!out->route.candidates || !urls)
        return;
    list = text_in(urls, room);
    while (line_word(line, &url)) {
        const char *wrong = proxy_parse(&out->route.candidates[out->route.count++].proxy, url.text, url.size);
        if (wrong)
            complain_url(parser, &url, wrong);
        text_print(&list, "%s%.*s", text_size(&list) ? " " : "", (int)url.size, url.text);
        if (has_password(&url)) {
            source_has_secret(parser, line->source, &url.at);
            out->has_secret = true;
        }
    }
    out->urls = urls;
}

static void define(struct parser *parser, struct line *line, uint16_t number, const struct place *place)
{
    struct config_route made = { .at = *place };
    struct route_entry *entry;

    parse_urls(parser, line, &made);
    line_finish(parser, line);
    entry = routes_entry(parser, number);
    if (entry->said_by == parser->layer && !parser->first_counts) {
        struct place first = { .source = entry->said_at.source, .line = entry->said_at.line };
        struct text *out = complaint_start(parser, place);

        text_add(out, number ? "this route is given twice, first in "
                             : "the default route is given twice, first in ");
        place_print(out, &first);
        complaint_end(parser);
    }
    entry->said_by = parser->layer;
    entry->said_at = *place;
    if (entry->layer == LAYER_NOBODY) {
        made.credentials = entry->made.credentials;
        made.fields = entry->made.fields;
        made.auth = entry->made.auth;
        made.auth_at = entry->made.auth_at;
        made.service = entry->made.service;
        made.service_at = entry->made.service_at;
        made.route.name = entry->name;
        entry->made = made;
        entry->layer = parser->layer;
    } else if (!entry->replaced && made.route.candidates) {
        struct route *replaced = parser_alloc(parser, sizeof *replaced);

        if (replaced)
            *replaced = made.route;
        entry->replaced = replaced;
    }
}

void proxies_parse_default(struct parser *parser, struct line *line, const struct place *place)
{
    define(parser, line, 0, place);
}

void proxies_parse(struct parser *parser, struct line *line)
{
    struct line before = *line;
    struct place place = line_place(line);
    struct word first;
    uint16_t number = 0;

    if (line_word(line, &first)) {
        place = first.at;
        if (parser->layer == LAYER_OPTIONS || memchr(first.text, ':', first.size)) {
            *line = before;
        } else if (!routes_is_name(&first)) {
            complaint_expected(parser, &first.at,
                               "the name of a route, or a URL with a port (proxy.example.org:3128)", &first);
            return;
        } else {
            number = routes_find_or_make(parser, &first);
            if (number == 0)
                return;
        }
    }
    define(parser, line, number, &place);
}

/* Takes USER:PASSWORD from the first line of the file. NULL, or what is wrong. */
static const char *take_credentials(struct route_entry *entry, const struct source *source)
{
    size_t size = (size_t)(source->end - source->at), user;
    const char *end = memchr(source->at, '\n', size), *colon;

    if (end)
        size = (size_t)(end - source->at);
    if (size > 0 && source->at[size - 1] == '\r')
        size--;
    colon = memchr(source->at, ':', size);
    if (!colon)
        return "expected USER:PASSWORD in its first line";
    user = (size_t)(colon - source->at);
    if (user > PROXY_USER_MAX || size - user - 1 > PROXY_USER_MAX)
        return "user name or password is longer than 255 bytes";
    if (memchr(source->at, '\0', size))
        return "user name or password has a NUL byte";
    memcpy(entry->user, source->at, user);
    memcpy(entry->password, colon + 1, size - user - 1);
    entry->user[user] = entry->password[size - user - 1] = '\0';
    entry->has_credentials = true;
    return NULL;
}

static bool replaced_elsewhere(const struct parser *parser, const struct route_entry *entry)
{
    return entry->layer < parser->layer;
}

static void keep_path(struct parser *parser, struct source *source, const char *path, uint32_t line)
{
    struct config_path *kept = source->kept ? parser_alloc(parser, sizeof *kept) : NULL;

    if (!kept || !path)
        return;
    *kept = (struct config_path){ .next = source->kept->paths, .path = path, .line = line };
    source->kept->paths = kept;
}

void proxies_parse_credentials(struct parser *parser, struct line *line)
{
    struct source file = { 0 };
    struct word value;
    uint16_t number;
    const char *path, *wrong;
    struct place at;

    if (!routes_named_value(parser, line, "the path of a file with USER:PASSWORD", &number, &value))
        return;
    path = source_path(parser, line->source, &value);
    keep_path(parser, line->source, path, value.at.line);
    if (routes_entry(parser, number)->made.credentials.source) {
        complaint_say(parser, &value.at, "credentials of this route are given twice");
        return;
    }
    if (!path || replaced_elsewhere(parser, routes_entry(parser, number)))
        return;
    if (!source_open(parser, &file, path, &value.at, true))
        return;
    wrong = take_credentials(routes_entry(parser, number), &file);
    explicit_bzero((char *)file.at, (size_t)(file.end - file.at));
    at = (struct place){ .source = file.name };
    if (wrong)
        complaint_say(parser, &at, wrong);
    routes_entry(parser, number)->made.credentials = value.at;
}

/* Fields that the request itself has: a second one would change its meaning. */
static bool reserved_field(const char *field)
{
    static const char *const names[] = { "Host:", "Content-Length:", "Transfer-Encoding:", "Connection:" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_begins(field, names[i]))
            return true;
    return false;
}

void proxies_parse_header(struct parser *parser, struct line *line)
{
    struct proxy probe = { 0 };
    struct config_field *field;
    const struct config_field **last;
    struct word value;
    uint16_t number;
    const char *wrong;

    if (!routes_named_value(parser, line, "a header field in quotes, \"Name: value\"", &number, &value))
        return;
    if (!value.quoted) {
        complaint_say(parser, &value.at, "expected a header field in quotes, \"Name: value\"");
        return;
    }
    field = parser_alloc(parser, sizeof *field);
    if (!field)
        return;
    field->field = parser_copy(parser, value.text, value.size);
    field->at = value.at;
    wrong = reserved_field(field->field) ? "this field belongs to the request itself"
                                         : proxy_add_field(&probe, field->field);
    if (wrong) {
        struct text *out = complaint_start(parser, &value.at);

        text_print(out, "header field: %s", wrong);
        complaint_end(parser);
    }
    source_has_secret(parser, line->source, &value.at);
    last = &routes_entry(parser, number)->made.fields;
    while (*last)
        last = (const struct config_field **)&(*last)->next;
    *last = field;
}
