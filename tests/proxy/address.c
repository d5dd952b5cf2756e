#include "address.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

struct parts {
    char host[256];
    char port[6];
};

static bool split(struct parts *out, const char *text, int least_port)
{
    static const char v6_bytes[] = "0123456789abcdefABCDEF:.";
    static const char name_bytes[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_";
    const char *colon = strrchr(text, ':');
    const char *host = text;
    size_t length = colon ? strspn(colon + 1, "0123456789") : 0;
    bool bracketed;

    if (length < 1 || length >= sizeof out->port || colon[1 + length])
        return false;
    if (atoi(colon + 1) < least_port || atoi(colon + 1) > 65535)
        return false;
    length = (size_t)(colon - text);
    bracketed = length >= 2 && text[0] == '[' && colon[-1] == ']';
    if (bracketed) {
        host++;
        length -= 2;
    }
    if (length == 0 || length >= sizeof out->host || (bracketed && !memchr(host, ':', length)) ||
        strspn(host, bracketed ? v6_bytes : name_bytes) < length)
        return false;
    memcpy(out->host, host, length);
    out->host[length] = '\0';
    strcpy(out->port, colon + 1);
    return true;
}

bool address_valid(const char *text, int least_port)
{
    struct parts parts;

    return split(&parts, text, least_port);
}

static bool resolve_unix(struct addresses *out, const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof name.sun_path)
        return false;
    strcpy(name.sun_path, path);
    memcpy(&out->list[0].name, &name, sizeof name);
    out->list[0].length = sizeof name;
    out->count = 1;
    return true;
}

bool address_resolve(struct addresses *out, const char *text)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    struct parts parts;

    out->count = 0;
    if (strncmp(text, "unix:", 5) == 0)
        return resolve_unix(out, text + 5);
    if (!split(&parts, text, 0) || getaddrinfo(parts.host, parts.port, &hints, &found) != 0)
        return false;
    for (struct addrinfo *one = found; one && out->count < ADDRESSES_MOST; one = one->ai_next) {
        struct address *address = &out->list[out->count++];

        memcpy(&address->name, one->ai_addr, one->ai_addrlen);
        address->length = one->ai_addrlen;
    }
    freeaddrinfo(found);
    return out->count > 0;
}

void address_print(char out[ADDRESS_TEXT], const struct address *address)
{
    char host[48], port[6];
    bool v6 = address->name.ss_family == AF_INET6;

    getnameinfo((const struct sockaddr *)&address->name, address->length, host, sizeof host, port,
                sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(out, ADDRESS_TEXT, v6 ? "[%s]:%s" : "%s:%s", host, port);
}
