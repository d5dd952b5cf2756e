#include "target.h"

#include <ptunnel/text.h>

#include <string.h>

static const struct {
    const char *scheme;
    uint16_t port;
} schemes[] = {
    { "https", 443 }, { "http", 80 },         { "ssh", 22 },        { "sftp", 22 },    { "git+ssh", 22 },
    { "git", 9418 },  { "ftp", 21 },          { "ftps", 990 },      { "wss", 443 },    { "ws", 80 },
    { "imaps", 993 }, { "imap", 143 },        { "pop3s", 995 },     { "pop3", 110 },   { "smtps", 465 },
    { "smtp", 25 },   { "submission", 587 },  { "ldaps", 636 },     { "ldap", 389 },   { "rsync", 873 },
    { "telnet", 23 }, { "postgresql", 5432 }, { "postgres", 5432 }, { "mysql", 3306 }, { "redis", 6379 },
    { "xmpp", 5222 }, { "ircs", 6697 },       { "irc", 6667 },      { "rtsp", 554 },   { "svn", 3690 },
};

/* Its port; 0 if the scheme is not known. */
static uint16_t port_of(const char *scheme, size_t size)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strlen(schemes[i].scheme) == size && text_begins(scheme, schemes[i].scheme))
            return schemes[i].port;
    return 0;
}

/* The last colon that stands in no brackets; NULL: there is none. */
static const char *colon_of(const char *text, size_t size)
{
    const char *colon = memrchr(text, ':', size), *bracket = memrchr(text, ']', size);

    return colon && (!bracket || colon > bracket) ? colon : NULL;
}

static const char *set_ports(struct target *out, const char *list, const char *end)
{
    for (out->count = 0;; list++) {
        size_t size = strcspn(list, ",");
        const char *wrong;

        if (size > (size_t)(end - list))
            size = (size_t)(end - list);
        if (out->count == TARGET_PORTS_MOST)
            return "more than 64 ports";
        wrong = endpoint_set_port(&out->at, list, size);
        if (wrong)
            return wrong;
        out->ports[out->count++] = out->at.port;
        list += size;
        if (list == end)
            break;
    }
    out->at.port = out->ports[0];
    return NULL;
}

static const char *set(struct target *out, const char *text, size_t size, uint16_t port)
{
    const char *colon = colon_of(text, size), *wrong;
    struct endpoint other;

    if (colon && memchr(colon, ',', (size_t)(text + size - colon))) {
        wrong = endpoint_parse(&out->at, text, (size_t)(colon - text), 1);
        out->has_port = true;
        return wrong ? wrong : set_ports(out, colon + 1, text + size);
    }
    wrong = endpoint_parse(&out->at, text, size, port);
    out->count = 1;
    out->ports[0] = out->at.port;
    out->has_port = !endpoint_parse(&other, text, size, 0);
    return wrong;
}

const char *target_parse(struct target *out, const char *words, uint16_t port_if_none)
{
    const char *host = strstr(words, "://"), *user, *wrong;
    uint16_t port;
    size_t size;

    *out = (struct target){ 0 };
    if (!host)
        return set(out, words, strlen(words), port_if_none);
    port = port_of(words, (size_t)(host - words));
    host += 3;
    size = strcspn(host, "/?#");
    user = memrchr(host, '@', size);
    size -= user ? (size_t)(user + 1 - host) : 0;
    wrong = set(out, user ? user + 1 : host, size, port);
    out->has_port = true;
    return wrong;
}
