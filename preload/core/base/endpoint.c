#include <ptunnel/endpoint.h>
#include <ptunnel/text.h>

#include <arpa/inet.h>
#include <string.h>

enum {
    SIN6_LEAST = offsetof(struct sockaddr_in6, sin6_scope_id)
}; /* RFC 2133's size; Linux still takes it */

static void set_v4(struct endpoint *out, struct in_addr address)
{
    *out = (struct endpoint){ .literal = true, .port = out->port };
    memset(out->address.s6_addr + 10, 0xff, 2);
    memcpy(out->address.s6_addr + 12, &address, 4);
}

static struct in_addr get_v4(const struct endpoint *endpoint)
{
    struct in_addr address;

    memcpy(&address, endpoint->address.s6_addr + 12, 4);
    return address;
}

static bool host_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

static const char *set_name(struct endpoint *out, const char *name, size_t size)
{
    if (name[0] == '.' || name[size - 1] == '.')
        return "host has an empty label";
    for (size_t i = 0; i < size; i++) {
        if (!host_byte(name[i]))
            return "host has a character that no host name has";
        if (name[i] == '.' && name[i - 1] == '.')
            return "host has an empty label";
    }
    *out = (struct endpoint){ .literal = false, .port = out->port };
    memcpy(out->host, name, size);
    out->host[size] = '\0';
    return NULL;
}

const char *endpoint_set_host(struct endpoint *out, const char *host, size_t size)
{
    /* Without the dot at the end that a name may have: "192.0.2.1." would be an address to whoever resolves
     * it. */
    size_t bare = size > 1 && host[size - 1] == '.' ? size - 1 : size;
    char copy[ENDPOINT_HOST_MAX + 1];
    struct in_addr v4;
    struct in6_addr v6;

    if (size == 0)
        return "host is missing";
    if (bare > ENDPOINT_HOST_MAX)
        return "host is longer than 253 bytes";
    if (memchr(host, '\0', size))
        return "host has a character that no host name has";
    memcpy(copy, host, bare);
    copy[bare] = '\0';
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        set_v4(out, v4);
        return NULL;
    }
    if (bare == size && inet_pton(AF_INET6, copy, &v6) == 1) {
        *out = (struct endpoint){ .literal = true, .port = out->port, .address = v6 };
        return NULL;
    }
    return set_name(out, host, bare);
}

const char *endpoint_set_port(struct endpoint *out, const char *digits, size_t size)
{
    long port = text_to_number(digits, size, 1, 65535);

    if (port < 0)
        return size == 0 ? "port is missing" : "port is not between 1 and 65535";
    out->port = (uint16_t)port;
    return NULL;
}

static const char *parse_bracketed(struct endpoint *out, const char *text, size_t size, size_t *used)
{
    const char *close = memchr(text, ']', size);
    const char *wrong;

    if (!close)
        return "']' is missing";
    wrong = endpoint_set_host(out, text + 1, (size_t)(close - text) - 1);
    if (wrong || !out->literal || !memchr(text, ':', (size_t)(close - text)))
        return "there is no IPv6 address between '[' and ']'";
    *used = (size_t)(close - text) + 1;
    return NULL;
}

static bool looks_like_v6(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!(text[i] == ':' || text[i] == '.' || (text[i] >= '0' && text[i] <= '9') ||
              ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'f')))
            return false;
    return true;
}

/* NULL, or why the first colon is not the one in front of a port. */
static const char *wrong_colon(const char *text, size_t size, const char *colon)
{
    size_t rest = size - (size_t)(colon - text) - 1;

    if (rest > 1 && colon[1] == '/' && colon[2] == '/')
        return "expected HOST:PORT, not a URL";
    if (!memchr(colon + 1, ':', rest))
        return NULL;
    return looks_like_v6(text, size) ? "an IPv6 address must stand in brackets: [::1]:3128"
                                     : "there is a second ':', expected HOST:PORT";
}

const char *endpoint_parse(struct endpoint *out, const char *text, size_t size, uint16_t port_if_none)
{
    const char *colon = size ? memchr(text, ':', size) : NULL;
    size_t used = colon ? (size_t)(colon - text) : size;
    const char *wrong;

    if (size && text[0] == '[') {
        wrong = parse_bracketed(out, text, size, &used);
    } else {
        wrong = colon ? wrong_colon(text, size, colon) : NULL;
        if (!wrong)
            wrong = endpoint_set_host(out, text, used);
    }
    if (wrong)
        return wrong;
    if (used == size) {
        out->port = port_if_none;
        return port_if_none ? NULL : "port is missing";
    }
    if (text[used] != ':')
        return "expected ':' and a port behind the host";
    return endpoint_set_port(out, text + used + 1, size - used - 1);
}

static void unspecified_is_loopback(struct endpoint *out)
{
    if (IN6_IS_ADDR_UNSPECIFIED(&out->address))
        out->address = in6addr_loopback;
    else if (endpoint_is_v4(out) && get_v4(out).s_addr == htonl(INADDR_ANY))
        set_v4(out, (struct in_addr){ htonl(INADDR_LOOPBACK) });
}

bool endpoint_from_sockaddr(struct endpoint *out, const struct sockaddr *address, socklen_t size)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6 = { 0 };

    /* More than 128 bytes, or a negative length, is EINVAL to the kernel, which reads nothing then. */
    if (!address || size < (socklen_t)sizeof v4 || size > (socklen_t)sizeof(struct sockaddr_storage))
        return false;
    memcpy(&v4, address, sizeof v4);
    if (v4.sin_family == AF_INET) {
        set_v4(out, v4.sin_addr);
        out->port = ntohs(v4.sin_port);
    } else if (v4.sin_family == AF_INET6 && size >= SIN6_LEAST) {
        memcpy(&v6, address, size < (socklen_t)sizeof v6 ? size : sizeof v6);
        *out = (struct endpoint){
            .literal = true, .address = v6.sin6_addr, .scope = v6.sin6_scope_id, .port = ntohs(v6.sin6_port)
        };
    } else {
        return false;
    }
    unspecified_is_loopback(out);
    return true;
}

bool endpoint_from_destination(struct endpoint *out, const struct sockaddr *address, socklen_t size)
{
    struct sockaddr_in v4;

    if (endpoint_from_sockaddr(out, address, size))
        return true;
    if (!address || size < (socklen_t)sizeof v4 || size > (socklen_t)sizeof(struct sockaddr_storage))
        return false;
    memcpy(&v4, address, sizeof v4);
    if (v4.sin_family != AF_UNSPEC)
        return false;
    v4.sin_family = AF_INET;
    return endpoint_from_sockaddr(out, (const struct sockaddr *)&v4, sizeof v4);
}

struct literal endpoint_literal(const struct endpoint *endpoint)
{
    return (struct literal){ endpoint->address, endpoint->scope, endpoint->port };
}

struct endpoint endpoint_of_literal(const struct literal *literal)
{
    return (struct endpoint){
        .literal = true, .address = literal->ip, .scope = literal->scope, .port = literal->port
    };
}

socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, int family, struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port) };

    if (!endpoint->literal || (family == AF_INET && !endpoint_is_v4(endpoint)))
        return 0;
    if (family == AF_INET) {
        v4.sin_addr = get_v4(endpoint);
        memcpy(out, &v4, sizeof v4);
        return sizeof v4;
    }
    v6.sin6_addr = endpoint->address;
    v6.sin6_scope_id = endpoint->scope;
    memcpy(out, &v6, sizeof v6);
    return sizeof v6;
}

void endpoint_print_host(const struct endpoint *endpoint, char *out)
{
    struct in_addr v4 = get_v4(endpoint);

    if (!endpoint->literal)
        strcpy(out, endpoint->host);
    else if (endpoint_is_v4(endpoint))
        inet_ntop(AF_INET, &v4, out, ENDPOINT_TEXT_SIZE);
    else
        inet_ntop(AF_INET6, &endpoint->address, out, ENDPOINT_TEXT_SIZE);
}

void endpoint_print(const struct endpoint *endpoint, char *out)
{
    bool brackets = endpoint->literal && !endpoint_is_v4(endpoint);
    char host[ENDPOINT_TEXT_SIZE];
    struct text text = text_in(out, ENDPOINT_TEXT_SIZE);

    endpoint_print_host(endpoint, host);
    text_print(&text, brackets ? "[%s]:%u" : "%s:%u", host, (unsigned)endpoint->port);
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    if (a->port != b->port || a->literal != b->literal)
        return false;
    if (a->literal)
        return memcmp(&a->address, &b->address, sizeof a->address) == 0;
    return text_same(a->host, b->host);
}

bool endpoint_is_v4(const struct endpoint *endpoint)
{
    return endpoint->literal && IN6_IS_ADDR_V4MAPPED(&endpoint->address);
}

bool endpoint_is_loopback(const struct endpoint *endpoint)
{
    static const char suffix[] = ".localhost";
    size_t size = strlen(endpoint->host);

    if (endpoint_is_v4(endpoint))
        return endpoint->address.s6_addr[12] == 127;
    if (endpoint->literal)
        return IN6_IS_ADDR_LOOPBACK(&endpoint->address);
    return text_same(endpoint->host, suffix + 1) ||
           (size > sizeof suffix - 1 && text_same(endpoint->host + size - (sizeof suffix - 1), suffix));
}

bool endpoint_is_link_local(const struct endpoint *endpoint)
{
    if (endpoint_is_v4(endpoint))
        return endpoint->address.s6_addr[12] == 169 && endpoint->address.s6_addr[13] == 254;
    return endpoint->literal && IN6_IS_ADDR_LINKLOCAL(&endpoint->address);
}
