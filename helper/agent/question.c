#include "question.h"

#include <ptunnel/text.h>

#include <string.h>

enum { LEGS = 100 };

/* The next word, ended by a blank or the line's end, with a NUL in out. False: it is empty, or too long. */
static bool word(const char **at, const char *end, char *out, size_t room)
{
    const char *start = *at;
    size_t size = 0;

    while (start + size < end && start[size] != ' ')
        size++;
    if (size == 0 || size >= room)
        return false;
    memcpy(out, start, size);
    out[size] = '\0';
    *at = start + size < end ? start + size + 1 : end;
    return true;
}

static bool number(const char **at, const char *end, uint64_t *out)
{
    char digits[24];

    if (!word(at, end, digits, sizeof digits))
        return false;
    *out = 0;
    for (const char *c = digits; *c; c++) {
        if (*c < '0' || *c > '9' || *out > UINT64_MAX / 10)
            return false;
        *out = *out * 10 + (uint64_t)(*c - '0');
    }
    return true;
}

static bool parse_kind(struct question *out, const char **at, const char *end)
{
    static const char *const kinds[] = {
        [QUESTION_ASK] = "ask", [QUESTION_ENDED] = "ended", [QUESTION_KNOW] = "know"
    };
    uint64_t version;
    char kind[8];

    if (!number(at, end, &version) || version != 1 || !word(at, end, kind, sizeof kind))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i]) == 0) {
            out->kind = (enum question_kind)i;
            return true;
        }
    return false;
}

static bool parse_leg(struct question *out, const char **at, const char *end)
{
    uint64_t leg;

    if (!number(at, end, &out->id) || !number(at, end, &leg) || leg == 0 || leg > LEGS)
        return false;
    out->leg = (unsigned)leg;
    return word(at, end, out->word, sizeof out->word) && word(at, end, out->target, sizeof out->target);
}

bool question_parse(struct question *out, char *text, size_t size)
{
    char *end = memchr(text, '\n', size);
    const char *at = text;

    *out = (struct question){ 0 };
    if (!end || !parse_kind(out, &at, end) || (out->kind != QUESTION_KNOW && !parse_leg(out, &at, end)))
        return false;
    if ((size_t)(end - at) >= sizeof out->account)
        return false;
    memcpy(out->account, at, (size_t)(end - at));
    out->rest = end + 1;
    out->rest_size = size - (size_t)(out->rest - text);
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool question_decode(char *out, size_t room, const char *text, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        int high = text[i] == '%' && i + 2 < size ? hex_digit(text[i + 1]) : -1;
        int low = high < 0 ? -1 : hex_digit(text[i + 2]);
        int byte = text[i] == '%' ? (low < 0 ? 0 : high << 4 | low) : (unsigned char)text[i];

        if (byte == 0 || used + 1 >= room)
            return false;
        out[used++] = (char)byte;
        i += text[i] == '%' ? 2 : 0;
    }
    out[used] = '\0';
    return true;
}

bool question_parse_account(struct account_words *out, const char *words)
{
    const char *end = words + strlen(words);
    char user[3 * PROXY_USER_MAX + 1];

    *out = (struct account_words){ 0 };
    if (!word(&words, end, out->proxy, sizeof out->proxy) ||
        !word(&words, end, out->schemes, sizeof out->schemes) ||
        !word(&words, end, out->service, sizeof out->service) || !word(&words, end, user, sizeof user) ||
        words != end)
        return false;
    return strcmp(user, "-") == 0 || question_decode(out->user, sizeof out->user, user, strlen(user));
}
