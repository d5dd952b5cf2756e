/* config_write(): the configuration as rule text, for processes that may not find or read its files. */
#include "inside.h"
#include "known.h"
#include "line.h"

#include "../rules/index.h"

#include <string.h>

enum { INLINE_MOST = 64 * 1024 };

static void add_quoted(struct text *out, const char *words)
{
    text_add(out, "\"");
    for (; *words; words++) {
        if (*words == '"' || *words == '\\')
            text_add(out, "\\");
        text_add_bytes(out, words, 1);
    }
    text_add(out, "\"");
}

static void add_include(struct text *out, const char *path)
{
    text_add(out, "include ");
    add_quoted(out, path);
    text_add(out, "\n");
}

/* A credentials line with an absolute path: the text that it goes to has no directory. */
static void add_credentials(const struct config_text *text, struct text *out, struct line *line)
{
    const struct config_path *path = text->paths;
    struct word first, second;

    while (path->line != line->number)
        path = path->next;
    text_add(out, "credentials ");
    if (line_word(line, &first) && line_word(line, &second))
        text_print(out, "%.*s ", (int)first.size, first.text);
    add_quoted(out, path->path);
    text_add(out, "\n");
}

static void add_line(const struct config_text *text, struct text *out, struct line *line,
                     const struct word *first)
{
    struct word word;

    if (line_word_is(first, "credentials")) {
        add_credentials(text, out, line);
        return;
    }
    while (line_word(line, &word))
        ;
    text_print(out, "%.*s\n", (int)(line->at - first->text), first->text);
}

/* Writes the file and, in the place of `include` lines, what they include; an include of it if it has a
 * secret. out is NULL within such a file. Returns the text that was read after these. */
static const struct config_text *write_text(const struct config_text *text, struct text *out)
{
    struct source source = { .path = text->path, .at = text->start, .end = text->end };
    const struct config_text *next = text->next;
    struct line line = { .source = &source };
    struct word first;

    if (out && text->secret) {
        add_include(out, text->path);
        out = NULL;
    }
    while (line_next(&line)) {
        if (!line_word(&line, &first))
            continue;
        if (line_word_is(&first, "include"))
            next = write_text(next, out);
        else if (out)
            add_line(text, out, &line, &first);
    }
    return next;
}

static void write_files(const struct config *config, struct text *out)
{
    struct text inlined = *out;

    if (!config->texts)
        return;
    if (inlined.end - inlined.at > INLINE_MOST)
        inlined.end = inlined.at + INLINE_MOST;
    write_text(config->texts, &inlined);
    if (inlined.cut)
        add_include(out, config->file);
    else
        out->at = inlined.at;
    *out->at = '\0';
}

static void write_options(const struct config *config, const struct config_options *options, struct text *out)
{
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(options->rows[i].directive, "proxy") == 0)
            continue;
        text_print(out, "%s %s\n", options->rows[i].directive, options->rows[i].value);
    }
    if (config->default_said)
        return;
    text_print(out, "default %s\n",
               config_verdict_word((enum verdict)config->settings[CONFIG_DEFAULT].value));
}

/* A proxy with an account is named with its user, and never a password: that is the agent's. */
static void write_with_user(const struct proxy *proxy, struct text *out)
{
    char userinfo[3 * PROXY_USER_MAX + 2];
    struct text text = text_in(userinfo, sizeof userinfo);
    const char *user = strrchr(proxy->account->words, ' ') + 1;

    if (strcmp(user, "-") != 0)
        text_print(&text, "%s@", user);
    proxy_print(out, proxy, userinfo);
}

void config_write_proxies(const struct config *config, struct text *out)
{
    const struct config_route *made = &config->routes[0];

    if (made->route.count > 0 && !made->route.candidates[0].proxy.account) {
        text_add(out, made->urls);
        return;
    }
    for (size_t i = 0; i < made->route.count; i++) {
        text_add(out, i ? " " : "");
        write_with_user(&made->route.candidates[i].proxy, out);
    }
}

static void write_agent(const struct config *config, struct text *out)
{
    if (!config->agent)
        return;
    text_add(out, "agent ");
    add_quoted(out, config->agent);
    text_add(out, "\n");
}

/* The proxy that a variable such as https_proxy gives, and the rules of $no_proxy, which are the last
 * ones. */
static void write_shared_variables(const struct config *config, struct text *out)
{
    if (config->route_layer != LAYER_ENVIRONMENT)
        return;
    text_add(out, "proxy ");
    proxy_print(out, &config->routes[0].route.candidates[0].proxy, "");
    text_add(out, "\n");
    for (size_t i = config->shared_rules; i < config->rules->count; i++)
        text_print(out, "%.*s\n", (int)config->rules->rules[i].size, config->rules->rules[i].words);
}

bool config_proxy_is_handed(const struct config *config)
{
    return config->route_layer < LAYER_FILE ||
           (config->route_layer == LAYER_ENVIRONMENT && strchr(config->routes[0].urls, '@'));
}

static bool has_line_end(const struct config *config)
{
    for (const struct config_text *text = config->texts; text; text = text->next) {
        if (strpbrk(text->path, "\r\n"))
            return true;
        for (const struct config_path *path = text->paths; path; path = path->next)
            if (strpbrk(path->path, "\r\n"))
                return true;
    }
    return false;
}

enum config_written config_write(const struct config *config, const struct config_options *options,
                                 struct text *out)
{
    if (has_line_end(config))
        return WRITTEN_NO_PATH;
    text_add(out, CONFIG_HEADER);
    write_agent(config, out);
    write_options(config, options, out);
    write_files(config, out);
    write_shared_variables(config, out);
    known_write(config, out);
    return out->cut ? WRITTEN_TOO_LONG : WRITTEN;
}
