#include "accounts.h"
#include "complaint.h"
#include "routes.h"

#include <ptunnel/agent.h>

#include <string.h>

static const char expected[] = "auto, none, or some of negotiate, ntlm, digest and basic";
enum { AGENT_PATH_SIZE = 108 }; /* of sun_path, see unix(7) */

static bool is_scheme(const struct word *word)
{
    static const char *const schemes[] = { "negotiate", "ntlm", "digest", "basic" };

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (line_word_is(word, schemes[i]))
            return true;
    return false;
}

/* These stand alone. */
static bool is_choice(const struct word *word)
{
    return line_word_is(word, "auto") || line_word_is(word, "none");
}

static void complain_twice(struct parser *parser, const struct place *place, const struct place *before,
                           const char *what)
{
    struct place first = { .source = before->source, .line = before->line };
    struct text *out = complaint_start(parser, place);

    text_print(out, "%s of this route is given twice, first in ", what);
    place_print(out, &first);
    complaint_end(parser);
}

/* Options come before files: what was said first counts. */
static bool is_first(struct parser *parser, const struct place *place, const struct place *before,
                     enum layer layer, const char *what)
{
    if (!before->source)
        return true;
    if (layer == parser->layer && !parser->first_counts)
        complain_twice(parser, place, before, what);
    return false;
}

/* "SCHEME {SCHEME}", joined by commas; NULL, with a complaint, if it is not that. */
static const char *parse_schemes(struct parser *parser, struct line *line, struct word *word)
{
    size_t room = word->size + (size_t)(line->end - line->at) + 2;
    char *all = parser_alloc(parser, room);
    struct text out;
    bool alone = is_choice(word), more;

    if (!all)
        return NULL;
    out = text_in(all, room);
    do {
        if (text_size(&out) ? alone || !is_scheme(word) : !alone && !is_scheme(word)) {
            complaint_expected(parser, &word->at, expected, word);
            line->at = line->end;
            return NULL;
        }
        text_print(&out, "%s%.*s", text_size(&out) ? "," : "", (int)word->size, word->text);
        more = line_word(line, word);
    } while (more);
    return line->expected ? NULL : all;
}

void accounts_parse_auth(struct parser *parser, struct line *line)
{
    struct place place = line_place(line);
    struct route_entry *entry;
    struct word word, name;
    const char *schemes;
    uint16_t number = 0;

    if (!line_word(line, &word)) {
        if (!line->expected)
            complaint_expected(parser, &place, expected, NULL);
        line_finish(parser, line);
        return;
    }
    name = word;
    if (!is_scheme(&word) && !is_choice(&word) && routes_is_name(&word) && line_word(line, &word)) {
        number = routes_wanted(parser, &name);
        if (number == 0)
            return;
    }
    schemes = parse_schemes(parser, line, &word);
    line_finish(parser, line);
    entry = routes_entry(parser, number);
    if (!schemes || !is_first(parser, &line->directive.at, &entry->made.auth_at, entry->auth_by, "auth"))
        return;
    entry->made.auth = schemes;
    entry->made.auth_at = line->directive.at;
    entry->auth_by = parser->layer;
}

/* "HTTP@HOST", "HTTP/host@REALM": what stands in a question between two blanks. */
static bool is_service(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] <= 0x20 || text[i] >= 0x7f)
            return false;
    return size > 0 && size <= ENDPOINT_HOST_MAX && text[0] != '-';
}

void accounts_parse_service(struct parser *parser, struct line *line)
{
    static const char what[] = "the name of a Kerberos service, such as HTTP@proxy.example.org";
    struct route_entry *entry;
    struct word value;
    uint16_t number;

    if (!routes_named_value(parser, line, what, &number, &value))
        return;
    entry = routes_entry(parser, number);
    if (!is_service(value.text, value.size))
        complaint_expected(parser, &value.at, what, &value);
    else if (is_first(parser, &line->directive.at, &entry->made.service_at, entry->service_by, "service")) {
        entry->made.service = parser_copy(parser, value.text, value.size);
        entry->made.service_at = line->directive.at;
        entry->service_by = parser->layer;
    }
}

void accounts_parse_agent(struct parser *parser, struct line *line)
{
    struct place place = line_place(line);
    struct word path;
    bool has = line_word(line, &path);

    if (!line->expected && (!has || path.text[0] != '/' || path.size >= AGENT_PATH_SIZE))
        complaint_expected(parser, has ? &path.at : &place, "the absolute path of ptunnel-agent's socket",
                           has ? &path : NULL);
    line_finish(parser, line);
    if (has && !parser->agent)
        parser->agent = parser_copy(parser, path.text, path.size);
}

static const char *agent_socket(struct parser *parser)
{
    char path[AGENT_PATH_SIZE];
    struct text out = text_in(path, sizeof path);

    if (!parser->agent) {
        agent_path(&out, parser->variable("XDG_RUNTIME_DIR"));
        parser->agent = parser_copy(parser, path, text_size(&out));
    }
    return parser->agent;
}

/* Room for the longest: whatever is told of a proxy, a question has room for it. */
static void add_words(struct text *out, const struct config_route *route, const struct proxy *proxy,
                      const char *user)
{
    char authority[ENDPOINT_TEXT_SIZE];

    endpoint_print(&proxy->at, authority);
    text_print(out, "%s %s %s ", authority, route->auth, route->service ? route->service : "-");
    if (user[0])
        proxy_add_encoded(out, user);
    else
        text_add(out, "-");
}

static void make_account(struct parser *parser, const struct config_route *route, struct proxy *proxy)
{
    char user[PROXY_USER_MAX + 1] = "", password[PROXY_USER_MAX + 1] = "", words[ACCOUNT_WORDS_SIZE];
    struct account *account = parser_alloc(parser, sizeof *account);
    struct text out = text_in(words, sizeof words);

    if (proxy->has_credentials)
        proxy_take_credentials(proxy, user, password);
    if (account) {
        add_words(&out, route, proxy, user);
        *account = (struct account){ .words = parser_copy(parser, words, text_size(&out)),
                                     .socket = agent_socket(parser) };
        if (parser->keeps_passwords && password[0])
            account->password = parser_copy(parser, password, strlen(password));
        proxy->account = account;
    }
    explicit_bzero(password, sizeof password);
}

void accounts_finish(struct parser *parser)
{
    for (size_t i = 0; i < routes_count(parser); i++) {
        const struct config_route *made = &routes_entry(parser, i)->made;

        if (made->auth && strcmp(made->auth, "none") != 0)
            for (size_t k = 0; k < made->route.count; k++)
                make_account(parser, made, &made->route.candidates[k].proxy);
    }
}
