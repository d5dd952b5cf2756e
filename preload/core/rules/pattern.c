#include "pattern.h"

#include <ptunnel/rules.h>

#include <arpa/inet.h>
#include <string.h>

static bool expected(struct pattern_wrong *wrong, const char *what, const char *part, const char *end)
{
    *wrong = (struct pattern_wrong){ .expected = what, .part = part, .size = (size_t)(end - part) };
    return false;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A table: a block list asks for every byte of a hundred thousand names. */
static const bool name_bytes[256] = {
    ['0' ... '9'] = true, ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['-'] = true, ['_'] = true,
};

/* Labels of name bytes, none of them empty. The last one must not be a number: it would be an IPv4 address
 * that is not whole. */
static bool domain(const char *name, const char *end)
{
    bool label = false, number = true;

    for (const char *c = name; c < end; c++) {
        if (*c == '.') {
            if (!label)
                return false;
            label = false;
            number = true;
            continue;
        }
        if (!name_bytes[(unsigned char)*c])
            return false;
        label = true;
        number = number && digit(*c);
    }
    return label && !number && end - name <= ENDPOINT_HOST_MAX;
}

static bool parse_name(struct pattern *out, const char *text, const char *end, struct pattern_wrong *wrong)
{
    const char *name = text;

    out->kind = PATTERN_NAME;
    out->where = NAME_ITSELF;
    if (*text == '.') {
        out->where = NAME_ITSELF | NAME_BELOW;
        name++;
    } else if (end - text > 2 && text[0] == '*' && text[1] == '.') {
        out->where = NAME_BELOW;
        name += 2;
    }
    out->name = name;
    out->name_size = (size_t)(end - name);
    if (out->name_size > 1 && end[-1] == '.')
        out->name_size--;
    if (!domain(name, name + out->name_size))
        return expected(wrong,
                        "a domain, .DOMAIN, *.DOMAIN, '*', an IPv4 address or an IPv6 address in brackets",
                        text, end);
    return true;
}

/* The key in the tree of its family. A whole address is taken as endpoint.h holds it: the unspecified one
 * means loopback, as for connect(2), and a mapped one is IPv4. */
static bool set_prefix(struct pattern *out, int family, const void *address, unsigned bits)
{
    struct endpoint literal = { .literal = true };
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    bool whole = bits == (family == AF_INET ? 32 : 128);

    if (family == AF_INET) {
        memcpy(&v4.sin_addr, address, sizeof v4.sin_addr);
        memset(literal.address.s6_addr + 10, 0xff, 2);
        memcpy(literal.address.s6_addr + 12, address, 4);
        if (whole)
            endpoint_from_sockaddr(&literal, (const struct sockaddr *)&v4, sizeof v4);
    } else {
        memcpy(&v6.sin6_addr, address, sizeof v6.sin6_addr);
        literal.address = v6.sin6_addr;
        if (whole)
            endpoint_from_sockaddr(&literal, (const struct sockaddr *)&v6, sizeof v6);
        if (endpoint_is_v4(&literal) && bits >= 96)
            bits -= 96;
        else if (endpoint_is_v4(&literal)) /* wider than ::ffff:0:0/96, so it means IPv6 */
            memset(&literal.address, 0, sizeof literal.address);
    }
    out->kind = endpoint_is_v4(&literal) ? PATTERN_V4 : PATTERN_V6;
    out->bits = bits;
    out->key = prefix_mask(prefix_of_address(&literal), bits);
    return true;
}

/* "/24" or nothing. *at moves to the end of the host. */
static bool parse_bits(unsigned *bits, unsigned most, const char **at, const char *end,
                       struct pattern_wrong *wrong)
{
    const char *slash = *at, *colon;
    long number;

    *bits = most;
    if (slash == end || *slash != '/')
        return true;
    colon = memchr(slash, ':', (size_t)(end - slash));
    *at = colon ? colon : end;
    number = text_to_number(slash + 1, (size_t)(*at - slash - 1), 0, (long)most);
    if (number < 0)
        return expected(wrong, most == 32 ? "a prefix length from 0 to 32" : "a prefix length from 0 to 128",
                        slash + 1, *at);
    *bits = (unsigned)number;
    return true;
}

static bool parse_address(struct pattern *out, int family, const char *text, size_t size, const char **at,
                          const char *end, struct pattern_wrong *wrong)
{
    char copy[INET6_ADDRSTRLEN] = "";
    struct in6_addr address;
    unsigned bits;

    if (size < sizeof copy)
        memcpy(copy, text, size);
    if (size >= sizeof copy || strlen(copy) != size || inet_pton(family, copy, &address) != 1)
        return expected(wrong, family == AF_INET ? "an IPv4 address" : "an IPv6 address between '[' and ']'",
                        text, text + size);
    return parse_bits(&bits, family == AF_INET ? 32 : 128, at, end, wrong) &&
           set_prefix(out, family, &address, bits);
}

static bool parse_bracketed(struct pattern *out, const char *text, const char **at, const char *end,
                            struct pattern_wrong *wrong)
{
    const char *close = memchr(text, ']', (size_t)(end - text));

    if (!close)
        return expected(wrong, "a ']' behind the IPv6 address", text, end);
    *at = close + 1;
    return parse_address(out, AF_INET6, text + 1, (size_t)(close - text - 1), at, end, wrong);
}

/* Whether an IPv4 address is meant: the last label is a number, or "/" follows. */
static bool means_v4(const char *text, const char *host_end, const char *end)
{
    const char *c = host_end;

    if (host_end < end && *host_end == '/')
        return true;
    if (c > text && c[-1] == '.')
        c--;
    if (c == text || !digit(c[-1]))
        return false;
    while (c > text && digit(c[-1]))
        c--;
    return c == text || c[-1] == '.';
}

static bool parse_host(struct pattern *out, const char *text, const char **at, const char *end,
                       struct pattern_wrong *wrong)
{
    const char *host_end = text;

    if (*text == '[')
        return parse_bracketed(out, text, at, end, wrong);
    while (host_end < end && *host_end != ':' && *host_end != '/')
        host_end++;
    *at = host_end;
    if (host_end < end && *host_end == ':' && memchr(host_end + 1, ':', (size_t)(end - host_end - 1)))
        return expected(wrong, "an IPv6 address in brackets, such as [2001:db8::1]", text, end);
    if (host_end == text + 1 && *text == '*' && (host_end == end || *host_end == ':')) {
        out->kind = PATTERN_ANY;
        return true;
    }
    if (means_v4(text, host_end, end))
        return parse_address(out, AF_INET, text, (size_t)(host_end - text), at, end, wrong);
    return parse_name(out, text, host_end, wrong);
}

bool pattern_parse(struct pattern *out, const char *text, size_t size, struct pattern_wrong *wrong)
{
    const char *at = text, *end = text + size;

    *out = (struct pattern){ .ports = end, .end = end };
    *wrong = (struct pattern_wrong){ 0 };
    if (size == 0)
        return expected(wrong, "a host", text, end);
    if (!parse_host(out, text, &at, end, wrong))
        return false;
    if (at == end)
        return true;
    if (*at != ':')
        return expected(wrong, "':' and ports behind the host", at, end);
    if (at + 1 == end)
        return expected(wrong, "a port behind ':'", text, end);
    out->ports = at + 1;
    return true;
}

static bool parse_port(uint16_t *out, const char *text, const char *end, struct pattern_wrong *wrong)
{
    long port = text_to_number(text, (size_t)(end - text), 1, 65535);

    if (port < 0)
        return expected(wrong, "a port between 1 and 65535", text, end);
    *out = (uint16_t)port;
    return true;
}

bool pattern_ports(const struct pattern *pattern, const char **at, uint16_t *first, uint16_t *last,
                   struct pattern_wrong *wrong)
{
    const char *start = *at, *comma, *dash, *end;

    *wrong = (struct pattern_wrong){ 0 };
    if (!start || pattern->ports == pattern->end) { /* *at is NULL behind the last range */
        *first = 0;
        *last = PORTS_END - 1;
        *at = NULL;
        return start != NULL;
    }
    comma = memchr(start, ',', (size_t)(pattern->end - start));
    end = comma ? comma : pattern->end;
    dash = memchr(start, '-', (size_t)(end - start));
    *at = comma ? comma + 1 : NULL;
    if (!parse_port(first, start, dash ? dash : end, wrong) ||
        !parse_port(last, dash ? dash + 1 : start, end, wrong))
        return false;
    if (*first > *last)
        return expected(wrong, "a range whose first port is not above its last", start, end);
    return true;
}
