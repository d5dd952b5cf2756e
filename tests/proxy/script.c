/* Scripts: which request gets which treatment.
 *
 *     script = { [ PATTERN actions ] [ "#" {any} ] EOL }
 *     actions = action { ";" action }        action = WORD { argument }
 *
 * PATTERN is an fnmatch(3) glob on the authority as it was received; the first rule that matches counts.
 * Words are separated by blanks; "..." makes one word, with the escapes \r \n \t \0 \xHH \" \\. A word that
 * begins with # starts a comment. The actions and their meaning are the table below; --help prints it.
 *
 * A connection to the target is made only when the reply can open a tunnel: not for a status other than 2xx,
 * for close, reset and hang, with `cut` or `endless`, nor for `raw` without `relay`. `hold` makes one all the same. */
#include "script.h"

#include "address.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MOST = 16 };

struct words {
    const char *place;
    struct bytes list[WORDS_MOST];
    size_t count;
};

struct action {
    const char *name;
    const char *arguments;
    const char *meaning;
    size_t least, most; /* arguments */
    void (*take)(struct behaviour *behaviour, const struct words *words);
    size_t flag; /* without `take`: offset of the bool to set */
};

const char *const ending_names[] = {[END_CLOSE] = "close", [END_RESET] = "reset", [END_HANG] = "hang"};

static void complain(const char *place, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void complain(const char *place, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "proxy: %s: ", place);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

static char *copy(const char *text)
{
    return strcpy(get_memory(strlen(text) + 1), text);
}

static unsigned number(const struct words *words, size_t index, unsigned least, unsigned most)
{
    const char *text = words->list[index].data;
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < least || value > most)
        complain(words->place, "%s: expected a number from %u to %u, not '%s'", words->list[0].data, least,
                 most, text);
    return (unsigned)value;
}

bool ending_parse(enum ending *out, const char *word)
{
    for (size_t i = 0; i < sizeof ending_names / sizeof *ending_names; i++) {
        if (strcmp(word, ending_names[i]) == 0) {
            *out = (enum ending)i;
            return true;
        }
    }
    return false;
}

static void take_nothing(struct behaviour *behaviour, const struct words *words)
{
    (void)behaviour;
    (void)words;
}

static void take_to(struct behaviour *behaviour, const struct words *words)
{
    const char *target = words->list[1].data;

    if (strncmp(target, "unix:", 5) != 0 && !address_valid(target, 1))
        complain(words->place, "to: expected HOST:PORT or unix:PATH, not '%s'", target);
    free(behaviour->to);
    behaviour->to = copy(target);
}

static void take_auth(struct behaviour *behaviour, const struct words *words)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const struct bytes *plain = &words->list[1];
    struct bytes out = {0};

    if (!strchr(plain->data, ':'))
        complain(words->place, "auth: expected USER:PASS, not '%s'", plain->data);
    for (size_t i = 0; i < plain->length; i += 3) {
        size_t given = plain->length - i < 3 ? plain->length - i : 3;
        unsigned bits = 0;

        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < given ? (unsigned char)plain->data[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            bytes_add(&out, k <= given ? &digits[bits >> (18 - 6 * k) & 63] : "=", 1);
    }
    free(behaviour->authorization);
    behaviour->authorization = out.data;
}

static void take_delay(struct behaviour *behaviour, const struct words *words)
{
    behaviour->delay_ms = number(words, 1, 0, INT_MAX);
}

static void take_status(struct behaviour *behaviour, const struct words *words)
{
    struct bytes reason = {0};

    behaviour->status = (int)number(words, 1, 100, 999);
    for (size_t i = 2; i < words->count; i++)
        bytes_print(&reason, i > 2 ? " %s" : "%s", words->list[i].data);
    free(behaviour->reason);
    behaviour->reason = reason.data;
}

static void take_header(struct behaviour *behaviour, const struct words *words)
{
    const struct bytes *line = &words->list[1];

    if (!strchr(line->data, ':'))
        complain(words->place, "header: expected \"Name: value\", not '%s'", line->data);
    if (behaviour->header_count == HEADERS_MOST)
        complain(words->place, "header: more than %d", HEADERS_MOST);
    bytes_add(&behaviour->headers[behaviour->header_count++], line->data, line->length);
}

static void take_interim(struct behaviour *behaviour, const struct words *words)
{
    if (behaviour->interim_count == INTERIMS_MOST)
        complain(words->place, "interim: more than %d", INTERIMS_MOST);
    behaviour->interims[behaviour->interim_count++] = (int)number(words, 1, 100, 199);
}

static void take_raw(struct behaviour *behaviour, const struct words *words)
{
    bytes_free(&behaviour->raw);
    bytes_add(&behaviour->raw, words->list[1].data, words->list[1].length);
}

static void take_chunk(struct behaviour *behaviour, const struct words *words)
{
    behaviour->chunk = number(words, 1, 1, INT_MAX);
    behaviour->chunk_ms = words->count > 2 ? number(words, 2, 0, INT_MAX) : 1;
}

static void take_cut(struct behaviour *behaviour, const struct words *words)
{
    behaviour->cuts = true;
    behaviour->cut = number(words, 1, 0, INT_MAX);
}

static void take_pad(struct behaviour *behaviour, const struct words *words)
{
    behaviour->pad = number(words, 1, 0, 1 << 30);
}

static void take_end(struct behaviour *behaviour, const struct words *words)
{
    if (!ending_parse(&behaviour->ending, words->list[1].data))
        complain(words->place, "end: expected close, reset or hang, not '%s'", words->list[1].data);
}

static void take_silence(struct behaviour *behaviour, const struct words *words)
{
    behaviour->silent = true;
    ending_parse(&behaviour->ending, words->list[0].data);
}

#define FLAG(field) 0, 0, NULL, offsetof(struct behaviour, field)

static const struct action actions[] = {
    {"connect", "", "connect and reply 200 (the default)", 0, 0, take_nothing, 0},
    {"to", "HOST:PORT | unix:PATH", "connect there instead", 1, 1, take_to, 0},
    {"auth", "USER:PASS", "407 until Proxy-Authorization is right, then the rest", 1, 1, take_auth, 0},
    {"delay", "MS", "hold everything that follows so long", 1, 1, take_delay, 0},
    {"hold", "", "hold everything that follows until the target is reached, or refuses", FLAG(hold)},
    {"status", "CODE [REASON...]", "this status; 2xx: connect and relay", 1, WORDS_MOST, take_status, 0},
    {"header", "\"Name: value\"", "add to the reply (repeatable)", 1, 1, take_header, 0},
    {"http10", "", "reply as HTTP/1.0", FLAG(http10)},
    {"lf", "", "end lines with a bare LF", FLAG(lf)},
    {"noreason", "", "no reason phrase, nor the blank before it", FLAG(no_reason)},
    {"plain-errors", "", "no Proxy-Status when the connection fails", FLAG(plain_errors)},
    {"interim", "CODE", "a 1xx head with one field before the reply (repeatable)", 1, 1, take_interim, 0},
    {"raw", "\"...\"", "these bytes are the reply (escapes \\r \\n \\t \\0 \\xHH)", 1, 1, take_raw, 0},
    {"relay", "", "after raw: connect and relay", FLAG(relay)},
    {"join", "", "one send for the reply and the target's first bytes", FLAG(join)},
    {"chunk", "N [MS]", "the reply in pieces of N bytes, MS (1) apart", 1, 2, take_chunk, 0},
    {"cut", "N", "the first N bytes of the reply, then `end`", 1, 1, take_cut, 0},
    {"pad", "N", "padding fields until the head has N bytes", 1, 1, take_pad, 0},
    {"endless", "", "header fields for ever", FLAG(endless)},
    {"keep", "", "after a reply that opens no tunnel: read the next request", FLAG(keep)},
    {"end", "close | reset | hang", "what follows a reply that opens no tunnel", 1, 1, take_end, 0},
    {"close", "", "no reply, then close", 0, 0, take_silence, 0},
    {"reset", "", "no reply, then a RST", 0, 0, take_silence, 0},
    {"hang", "", "no reply, no reading, until the client leaves", 0, 0, take_silence, 0},
};

void script_help(FILE *out)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        int width = 36 - (int)strlen(actions[i].name);

        fprintf(out, "  %s %-*s %s\n", actions[i].name, width, actions[i].arguments, actions[i].meaning);
    }
}

static void take_action(struct behaviour *behaviour, const struct words *words)
{
    const char *name = words->list[0].data;

    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        const struct action *action = &actions[i];

        if (strcmp(name, action->name) != 0)
            continue;
        if (words->count - 1 < action->least || words->count - 1 > action->most)
            complain(words->place, "wrong number of arguments: %s %s", name, action->arguments);
        if (action->take)
            action->take(behaviour, words);
        else
            *(bool *)((char *)behaviour + action->flag) = true;
        return;
    }
    complain(words->place, "unknown action '%s'", name);
}

/* `at` is behind a backslash; adds the byte meant and returns what follows. */
static const char *take_escape(struct bytes *out, const char *place, const char *at)
{
    static const char names[] = "rnt0\"\\", values[] = "\r\n\t\0\"\\";
    const char *known = *at ? strchr(names, *at) : NULL;
    char digits[3] = "", byte;
    char *end;

    if (known) {
        bytes_add(out, &values[known - names], 1);
        return at + 1;
    }
    if (*at == 'x')
        strncat(digits, at + 1, 2);
    byte = (char)strtoul(digits, &end, 16);
    if (end != digits + 2)
        complain(place, "unknown escape '\\%.3s'", at);
    bytes_add(out, &byte, 1);
    return at + 3;
}

static const char *take_word(struct bytes *out, const char *place, const char *at)
{
    size_t length;

    bytes_add(out, "", 0);
    if (*at != '"') {
        length = strcspn(at, " \t\r\n;");
        bytes_add(out, at, length);
        return at + length;
    }
    at++;
    while (*at != '"') {
        if (!*at)
            complain(place, "missing \" after '%s'", out->data);
        if (*at == '\\') {
            at = take_escape(out, place, at + 1);
            continue;
        }
        bytes_add(out, at++, 1);
    }
    return at + 1;
}

/* Fills in the words up to the next `;`, and returns what follows it, or NULL at the end of the text. */
static const char *split_action(struct words *words, const char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n");
        if (*at == '\0' || *at == '#')
            return NULL;
        if (*at == ';')
            return at + 1;
        if (words->count == WORDS_MOST)
            complain(words->place, "too many words after '%s'", words->list[0].data);
        at = take_word(&words->list[words->count++], words->place, at);
    }
}

void script_add(struct script *script, const char *place, const char *pattern, const char *text)
{
    struct behaviour behaviour = {.pattern = copy(pattern)};

    while (text) {
        struct words words = {.place = place};

        text = split_action(&words, text);
        if (words.count > 0)
            take_action(&behaviour, &words);
        for (size_t i = 0; i < words.count; i++)
            bytes_free(&words.list[i]);
    }
    script->rules = realloc(script->rules, (script->count + 1) * sizeof behaviour);
    if (!script->rules)
        complain(place, "no memory");
    script->rules[script->count++] = behaviour;
}

void script_read(struct script *script, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;

    if (!file)
        complain(path, "%s", strerror(errno));
    for (unsigned count = 1; getline(&line, &size, file) >= 0; count++) {
        struct bytes place = {0};
        char *pattern = line + strspn(line, " \t\r\n");
        char *rest = pattern + strcspn(pattern, " \t\r\n");

        bytes_print(&place, "%s:%u", path, count);
        if (*rest)
            *rest++ = '\0';
        if (*pattern && *pattern != '#')
            script_add(script, place.data, pattern, rest);
        bytes_free(&place);
    }
    free(line);
    fclose(file);
}

const struct behaviour *script_match(const struct script *script, const char *authority)
{
    static const struct behaviour connects;

    for (size_t i = 0; i < script->count; i++) {
        if (fnmatch(script->rules[i].pattern, authority, 0) == 0)
            return &script->rules[i];
    }
    return &connects;
}

void script_free(struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        struct behaviour *rule = &script->rules[i];

        free(rule->pattern);
        free(rule->to);
        free(rule->authorization);
        free(rule->reason);
        bytes_free(&rule->raw);
        for (size_t k = 0; k < rule->header_count; k++)
            bytes_free(&rule->headers[k]);
    }
    free(script->rules);
}
