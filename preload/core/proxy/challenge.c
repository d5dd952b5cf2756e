#include <ptunnel/challenge.h>
#include <ptunnel/text.h>

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *behind_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

/* A list may have empty elements (RFC 9110 5.6.1.2). */
static const char *behind_commas(const char *at, const char *end)
{
    while (at < end && (is_blank(*at) || *at == ','))
        at++;
    return at;
}

static const char *behind_bytes(const char *at, const char *end, const char *others)
{
    while (at < end && ((*at >= '0' && *at <= '9') || ((*at | 0x20) >= 'a' && (*at | 0x20) <= 'z') ||
                        (*at && strchr(others, *at))))
        at++;
    return at;
}

static const char *behind_token(const char *at, const char *end)
{
    return behind_bytes(at, end, "!#$%&'*+-.^_`|~");
}

/* NULL: the closing quote is missing. */
static const char *behind_quotes(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\' && at + 1 < end)
            at++;
    return at < end ? at + 1 : NULL;
}

/* NULL unless a token68 stands there alone: "Negotiate oYG2MIG..==" and not "Digest realm=x". */
static const char *behind_token68(const char *at, const char *end)
{
    const char *stop = behind_bytes(at, end, "-._~+/"), *rest;

    if (stop == at)
        return NULL;
    while (stop < end && *stop == '=')
        stop++;
    rest = behind_blanks(stop, end);
    return rest == end || *rest == ',' ? stop : NULL;
}

struct parameter {
    const char *name, *value;
    size_t name_size, value_size; /* the value with its quotes, if it has them */
};

/* True if "name = value" stands there; *at is then behind it. */
static bool next_parameter(const char **at, const char *end, struct parameter *out)
{
    const char *name = behind_commas(*at, end), *name_end = behind_token(name, end);
    const char *equals = behind_blanks(name_end, end), *value, *stop;

    if (name == name_end || equals == end || *equals != '=')
        return false;
    value = behind_blanks(equals + 1, end);
    stop = value < end && *value == '"' ? behind_quotes(value, end) : behind_token(value, end);
    if (!stop)
        return false;
    *out = (struct parameter){ name, value, (size_t)(name_end - name), (size_t)(stop - value) };
    *at = stop;
    return true;
}

bool challenge_next(const char **at, const char *end, struct challenge *out)
{
    const char *scheme = behind_commas(*at, end), *stop = behind_token(scheme, end), *rest;
    struct parameter parameter;

    *out = (struct challenge){ .scheme = scheme, .scheme_size = (size_t)(stop - scheme) };
    rest = behind_blanks(stop, end);
    if (stop == scheme || (rest < end && *rest != ',' && rest == stop))
        return false;
    *at = rest;
    stop = behind_token68(rest, end);
    if (stop) {
        out->token = rest;
        out->token_size = (size_t)(stop - rest);
        *at = stop;
        return true;
    }
    /* "Negotiate, NTLM": a comma right behind a scheme means that it has no parameters. */
    for (rest = *at; rest < end && (*rest != ',' || out->parameters_size > 0);) {
        if (!next_parameter(&rest, end, &parameter))
            break;
        if (!out->parameters)
            out->parameters = parameter.name;
        out->parameters_size = (size_t)(rest - out->parameters);
        *at = rest;
    }
    return true;
}

static bool same(const char *bytes, size_t size, const char *word)
{
    return strlen(word) == size && text_begins(bytes, word);
}

bool challenge_is(const struct challenge *challenge, const char *scheme)
{
    return same(challenge->scheme, challenge->scheme_size, scheme);
}

static bool copy_value(const struct parameter *parameter, char *out, size_t size)
{
    const char *at = parameter->value, *end = at + parameter->value_size;
    bool quoted = at < end && *at == '"';
    size_t used = 0;

    for (at += quoted, end -= quoted; at < end; at++) {
        if (quoted && *at == '\\')
            at++;
        if (used + 1 >= size || (unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
        out[used++] = *at;
    }
    out[used] = '\0';
    return true;
}

bool challenge_parameter(const struct challenge *challenge, const char *name, char *out, size_t size)
{
    const char *at = challenge->parameters;
    const char *end = at ? at + challenge->parameters_size : NULL;
    struct parameter parameter;

    while (at && next_parameter(&at, end, &parameter))
        if (same(parameter.name, parameter.name_size, name))
            return copy_value(&parameter, out, size);
    return false;
}
