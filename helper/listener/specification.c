#include "specification.h"

#include <ptunnel/text.h>

#include <string.h>

#define FORM "expected [ADDRESS:]PORT:HOST:PORT or /PATH:HOST:PORT"

/* The last colon in front of `end` that does not stand in brackets; NULL: there is none. */
static const char *last_colon(const char *start, const char *end)
{
    bool in_brackets = false;

    while (end-- > start) {
        if (*end == ']')
            in_brackets = true;
        else if (*end == '[')
            in_brackets = false;
        else if (*end == ':' && !in_brackets)
            return end;
    }
    return NULL;
}

const char *specification_set_address(struct specification *out, const char *text, size_t size)
{
    bool brackets = size > 1 && text[0] == '[' && text[size - 1] == ']';
    struct endpoint address;
    const char *wrong;

    if (size == 0 || (size == 1 && text[0] == '*')) {
        out->kind = LISTEN_ALL;
        return NULL;
    }
    wrong = endpoint_set_host(&address, text + brackets, size - 2 * brackets);
    if (wrong)
        return "expected an address to listen on: 127.0.0.1, [::1], a name, or *";
    out->kind = LISTEN_HOST;
    endpoint_print_host(&address, out->host);
    return NULL;
}

static const char *set_path(struct specification *out, const char *text, size_t size)
{
    if (size >= sizeof out->path)
        return "the path is longer than 107 bytes";
    out->kind = LISTEN_PATH;
    memcpy(out->path, text, size);
    out->path[size] = '\0';
    return NULL;
}

static const char *set_listen(struct specification *out, const char *text, const char *end)
{
    const char *colon = last_colon(text, end);
    const char *digits = colon ? colon + 1 : text;
    long port = text_to_number(digits, (size_t)(end - digits), 0, 65535);

    if (text[0] == '/')
        return set_path(out, text, (size_t)(end - text));
    if (port < 0)
        return "the port to listen on is not between 0 and 65535: " FORM;
    out->port = (uint16_t)port;
    out->kind = LISTEN_DEFAULT;
    return colon ? specification_set_address(out, text, (size_t)(colon - text)) : NULL;
}

const char *specification_parse(struct specification *out, const char *text)
{
    const char *end = text + strlen(text);
    const char *port = last_colon(text, end);
    const char *host = port ? last_colon(text, port) : NULL;
    const char *wrong;

    if (!port)
        return FORM "; commands are run by ptunnel-run";
    if (!host)
        return FORM;
    wrong = endpoint_parse(&out->target, host + 1, (size_t)(end - host) - 1, 0);
    return wrong ? wrong : set_listen(out, text, host);
}
