/* proxy, credentials, header: the routes, and what each proxy is told. */
#include "parser.h"

#include <string.h>

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(const struct word *word)
{
    if (word->quoted || word->size == 0 || !letter(word->text[0]))
        return false;
    for (size_t i = 0; i < word->size; i++)
        if (!letter(word->text[i]) && !(word->text[i] >= '0' && word->text[i] <= '9') &&
            word->text[i] != '-' && word->text[i] != '_')
            return false;
    return true;
}

size_t route_entries(const struct parser *parser)
{
    return parser->routes.size / sizeof(struct route_entry);
}

struct route_entry *route_entry(struct parser *parser, size_t number)
{
    return (struct route_entry *)(void *)parser->routes.start + number;
}

static size_t find(struct parser *parser, const struct word *name)
{
    size_t i = 1;

    while (i < route_entries(parser) && (route_entry(parser, i)->name_size != name->size ||
                                         memcmp(route_entry(parser, i)->name, name->text, name->size) != 0))
        i++;
    return i;
}

/* The number of the route of this name, which it makes if there is none; 0 if it cannot. */
static uint16_t find_or_make(struct parser *parser, const struct word *name)
{
    size_t number = find(parser, name);
    struct route_entry *entry;

    if (number < route_entries(parser))
        return (uint16_t)number;
    if (number == ROUTES_MOST) {
        complain(parser, &name->at, "more than 255 named routes");
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
    if (is_name(name))
        return true;
    complain_expected(parser, &name->at, "the name of a route (a letter, then letters, digits, '-' and '_')",
                      name);
    return false;
}

uint16_t route_wanted(struct parser *parser, const struct word *name)
{
    uint16_t number = check_name(parser, name) ? find_or_make(parser, name) : 0;

    if (number && !route_entry(parser, number)->wanted.source)
        route_entry(parser, number)->wanted = name->at;
    return number;
}

/* A URL's own words are never shown: they may hold a password. */
static void complain_url(struct parser *parser, const struct word *url, const char *wrong)
{
    struct text *out = complaint(parser, &url->at);

    text_add(out, "proxy URL: ");
    text_add(out, wrong);
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

/* The rest of the line as a route's candidates. */
static void parse_urls(struct parser *parser, struct line *line, struct config_route *out)
{
    size_t count = count_words(*line);
    size_t room = (size_t)(line->end - line->at) + 1;
    struct place place = place_behind(line);
    char *urls = parser_alloc(parser, room);
    struct text list;
    struct word url;

    if (count == 0 && !line->expected)
        complain_expected(parser, &place, "a proxy URL, such as http://proxy.example.org:3128", NULL);
    if (count > ROUTE_CANDIDATES_MOST) {
        complain(parser, &place, "more than 32 proxies");
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
        text_add(&list, text_size(&list) ? " " : "");
        text_add_bytes(&list, url.text, url.size);
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
    entry = route_entry(parser, number);
    if (entry->said_by == parser->layer && !parser->first_counts) {
        struct place first = { .source = entry->said_at.source, .line = entry->said_at.line };
        struct text *out = complaint(parser, place);

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

void parse_default_route(struct parser *parser, struct line *line, const struct place *place)
{
    define(parser, line, 0, place);
}

void parse_proxy(struct parser *parser, struct line *line)
{
    struct line before = *line;
    struct place place = place_behind(line);
    struct word first;
    uint16_t number = 0;

    if (line_word(line, &first)) {
        place = first.at;
        if (parser->layer == LAYER_OPTIONS || memchr(first.text, ':', first.size)) {
            *line = before;
        } else if (!is_name(&first)) {
            complain_expected(parser, &first.at,
                              "the name of a route, or a URL with a port (proxy.example.org:3128)", &first);
            return;
        } else {
            number = find_or_make(parser, &first);
            if (number == 0)
                return;
        }
    }
    define(parser, line, number, &place);
}

/* "[NAME] VALUE": the route's number, and the value; false, with a complaint, if it is not that. */
static bool parse_named(struct parser *parser, struct line *line, const char *what, uint16_t *number,
                        struct word *value)
{
    struct line ahead = *line;
    struct place place = place_behind(line);
    struct word name;

    *number = 0;
    if (!line_word(&ahead, &name)) {
        if (ahead.expected)
            line_finish(parser, &ahead);
        else
            complain_expected(parser, &place, what, NULL);
        return false;
    }
    if (line_word(&ahead, value)) {
        if (!check_name(parser, &name))
            return false;
        *number = find_or_make(parser, &name);
        if (*number && !route_entry(parser, *number)->wanted.source)
            route_entry(parser, *number)->wanted = name.at;
    } else {
        *value = name;
    }
    *line = ahead;
    line_finish(parser, line);
    return !line->expected && !parser->no_memory;
}

/* "USER:PASSWORD" in the first line. */
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

void parse_credentials(struct parser *parser, struct line *line)
{
    struct source file = { 0 };
    struct word value;
    uint16_t number;
    const char *path, *wrong;
    struct place at;

    if (!parse_named(parser, line, "the path of a file with USER:PASSWORD", &number, &value))
        return;
    path = source_path(parser, line->source, &value);
    keep_path(parser, line->source, path, value.at.line);
    if (route_entry(parser, number)->made.credentials.source) {
        complain(parser, &value.at, "credentials of this route are given twice");
        return;
    }
    if (!path || replaced_elsewhere(parser, route_entry(parser, number)))
        return;
    if (!source_open(parser, &file, path, &value.at, true))
        return;
    wrong = take_credentials(route_entry(parser, number), &file);
    explicit_bzero((char *)file.at, (size_t)(file.end - file.at));
    at = (struct place){ .source = file.name };
    if (wrong)
        complain(parser, &at, wrong);
    route_entry(parser, number)->made.credentials = value.at;
}

/* These are the request's own. */
static bool reserved_field(const char *field)
{
    static const char *const names[] = { "Host:", "Content-Length:", "Transfer-Encoding:", "Connection:" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_begins(field, names[i]))
            return true;
    return false;
}

void parse_header(struct parser *parser, struct line *line)
{
    struct proxy probe = { 0 };
    struct config_field *field;
    const struct config_field **last;
    struct word value;
    uint16_t number;
    const char *wrong;

    if (!parse_named(parser, line, "a header field in quotes, \"Name: value\"", &number, &value))
        return;
    if (!value.quoted) {
        complain(parser, &value.at, "expected a header field in quotes, \"Name: value\"");
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
        struct text *out = complaint(parser, &value.at);

        text_add(out, "header field: ");
        text_add(out, wrong);
        complaint_end(parser);
    }
    source_has_secret(parser, line->source, &value.at);
    last = &route_entry(parser, number)->made.fields;
    while (*last)
        last = (const struct config_field **)&(*last)->next;
    *last = field;
}

static bool is_candidate(const struct route *route, const struct endpoint *proxy)
{
    for (size_t i = 0; route && i < route->count; i++)
        if (endpoint_equal(&route->candidates[i].proxy.at, proxy))
            return true;
    return false;
}

/* Own userinfo, else the route's credentials. Header fields of a file are for the proxies that the file
 * names: one that replaced them is told none. */
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
    for (size_t i = 0; i < route_entries(parser); i++) {
        struct route_entry *entry = route_entry(parser, i);
        const char *wrong = NULL;

        if (i > 0 && entry->layer == LAYER_NOBODY) {
            struct word name = { .text = entry->name, .size = entry->name_size };

            complain_expected(parser, &entry->wanted, "the name of a route that a 'proxy' line defines",
                              &name);
            continue;
        }
        for (size_t k = 0; k < entry->made.route.count && !wrong && !parser->bad; k++)
            wrong = equip(entry, &entry->made.route.candidates[k].proxy);
        if (wrong)
            complain(parser, &entry->made.at, wrong);
        explicit_bzero(entry->password, sizeof entry->password);
    }
}
