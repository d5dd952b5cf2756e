/* A message, RFC 1035 4.1: a head of 12 bytes, questions, then records of three kinds.
 *
 *   0 id  2 flags  4 questions  6 answers  8 authority  10 additional
 *
 * A query that is understood has one question and nothing but EDNS's OPT record behind it that we look at. */
#include <ptunnel/dns.h>
#include <ptunnel/text.h>

#include <string.h>

enum {
    HEAD_SIZE = 12,
    LABEL_MOST = 63,
    WIRE_NAME_MOST = 255,
    OPT_SIZE = 11,
    TYPE_OPT = 41,
    CLASS_IN = 1,
    POINTER_TO_QUESTION = 0xc000 | HEAD_SIZE, /* RFC 1035 4.1.4 */
    OUR_UDP_SIZE = 1232,
};

enum {
    FLAG_ANSWER = 0x8000,
    FLAG_OPCODE = 0x7800,
    FLAG_RECURSION_DESIRED = 0x0100,
    FLAG_RECURSION_AVAILABLE = 0x0080,
    FLAG_CHECKING_DISABLED = 0x0010,
};

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint8_t *put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
    return put16(put16(at, value >> 16), value & 0xffff);
}

/* ASCII alone: isalnum(3) asks the locale. */
static char plain(uint8_t byte)
{
    bool good = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';

    return good ? (char)byte : '?';
}

/* The name at `at` as text; behind it, or NULL. A question comes first, so nothing can be pointed back to. */
static const uint8_t *read_name(const uint8_t *at, const uint8_t *end, char *text)
{
    const uint8_t *start = at;
    char *to = text;

    while (at < end && *at) {
        size_t size = *at++;

        if (size > LABEL_MOST || size >= (size_t)(end - at) || (size_t)(at - start) + size >= WIRE_NAME_MOST)
            return NULL;
        if (to > text)
            *to++ = '.';
        for (; size > 0; size--)
            *to++ = plain(*at++);
    }
    *to = '\0';
    return at < end ? at + 1 : NULL;
}

/* The version of EDNS that the query wants, or -1. */
static int edns_version(const uint8_t *head, const uint8_t *at, const uint8_t *end)
{
    if (get16(head + 6) || get16(head + 8) || !get16(head + 10))
        return -1;
    if (end - at < OPT_SIZE || at[0] != 0 || get16(at + 1) != TYPE_OPT)
        return -1;
    return at[6];
}

static enum dns_kind wrong(struct dns_query *out, enum dns_code code)
{
    out->wrong = code;
    return DNS_WRONG_QUERY;
}

enum dns_kind dns_read(struct dns_query *out, const void *message, size_t size)
{
    const uint8_t *head = message, *end = head + size, *at;
    int version;

    if (size < HEAD_SIZE || get16(head + 2) & FLAG_ANSWER)
        return DNS_NOT_A_QUERY;
    *out = (struct dns_query){ .size = HEAD_SIZE };
    if (get16(head + 2) & FLAG_OPCODE)
        return wrong(out, DNS_NOT_IMPLEMENTED);
    at = get16(head + 4) == 1 ? read_name(head + HEAD_SIZE, end, out->name) : NULL;
    if (!at || end - at < 4)
        return wrong(out, DNS_FORMAT_ERROR);
    out->type = get16(at);
    out->class = get16(at + 2);
    out->size = (size_t)(at + 4 - head);
    version = edns_version(head, at + 4, end);
    out->edns = version >= 0;
    return version > 0 ? wrong(out, DNS_BAD_VERSION) : DNS_QUERY;
}

/* The label in front of *name as a number, and *name behind its dot; -1: it is none. */
static int take_number(const char **name, bool hexadecimal)
{
    const char *at = *name;
    int value = 0, digits = 0;

    for (; *at && *at != '.'; at++, digits++) {
        int low = *at | 0x20;

        if (*at >= '0' && *at <= '9')
            value = value * (hexadecimal ? 16 : 10) + (*at - '0');
        else if (hexadecimal && low >= 'a' && low <= 'f')
            value = value * 16 + (low - 'a' + 10);
        else
            return -1;
        if (digits == (hexadecimal ? 1 : 3))
            return -1;
    }
    if (*at != '.' || digits == 0 || value > 255)
        return -1;
    *name = at + 1;
    return value;
}

static bool reverse_v4(const char *name, struct in6_addr *address)
{
    memset(address, 0, sizeof *address);
    memset(address->s6_addr + 10, 0xff, 2);
    for (int i = 15; i >= 12; i--) {
        int number = take_number(&name, false);

        if (number < 0)
            return false;
        address->s6_addr[i] = (uint8_t)number;
    }
    return text_same(name, "in-addr.arpa");
}

static bool reverse_v6(const char *name, struct in6_addr *address)
{
    for (int i = 15; i >= 0; i--) {
        int low = take_number(&name, true), high = low < 0 ? -1 : take_number(&name, true);

        if (high < 0)
            return false;
        address->s6_addr[i] = (uint8_t)(high << 4 | low);
    }
    return text_same(name, "ip6.arpa");
}

bool dns_reverse(const struct dns_query *query, struct in6_addr *address)
{
    return query->type == DNS_TYPE_PTR && query->class == CLASS_IN &&
           (reverse_v4(query->name, address) || reverse_v6(query->name, address));
}

/* The head of an answer, and the question again. */
static uint8_t *write_head(const struct dns_query *query, const void *message, enum dns_code code,
                           bool has_record, uint8_t *out)
{
    unsigned kept = FLAG_OPCODE | FLAG_RECURSION_DESIRED | FLAG_CHECKING_DISABLED, flags;

    memcpy(out, message, query->size);
    flags = (get16(out + 2) & kept) | FLAG_ANSWER | FLAG_RECURSION_AVAILABLE | ((unsigned)code & 15);
    put16(out + 2, flags);
    put16(out + 4, query->size > HEAD_SIZE);
    put16(out + 6, has_record);
    put16(out + 8, 0);
    put16(out + 10, query->edns);
    return out + query->size;
}

/* RFC 6891 6.1.2: the upper bits of the code stand here. */
static size_t finish(const struct dns_query *query, enum dns_code code, uint8_t *out, uint8_t *at)
{
    if (query->edns) {
        *at++ = 0;
        at = put16(put16(at, TYPE_OPT), OUR_UDP_SIZE);
        at = put32(at, (uint32_t)code >> 4 << 24);
        at = put16(at, 0);
    }
    return (size_t)(at - out);
}

size_t dns_fail(const struct dns_query *query, const void *message, enum dns_code code, void *out)
{
    return finish(query, code, out, write_head(query, message, code, false, out));
}

static uint8_t *write_name(uint8_t *at, const char *name)
{
    while (*name) {
        size_t size = strcspn(name, ".");

        *at++ = (uint8_t)size;
        memcpy(at, name, size);
        at += size;
        name += size + (name[size] == '.');
    }
    *at++ = 0;
    return at;
}

static bool can_be_written(const char *name)
{
    size_t whole = strlen(name);

    for (size_t size; *name; name += size + (name[size] == '.')) {
        size = strcspn(name, ".");
        if (size == 0 || size > LABEL_MOST)
            return false;
    }
    return whole > 0 && whole <= DNS_NAME_MOST;
}

/* The record that answers the question, from its type on. */
static size_t write_record(const struct dns_query *query, const void *message, const struct dns_known *known,
                           uint8_t *out)
{
    uint8_t *at = write_head(query, message, DNS_OK, true, out), *length, *data;

    at = put16(put16(put16(at, POINTER_TO_QUESTION), query->type), CLASS_IN);
    length = put32(at, known->seconds);
    data = at = length + 2;
    if (query->type == DNS_TYPE_PTR) {
        at = write_name(at, known->name);
    } else if (query->type == DNS_TYPE_A) {
        memcpy(at, known->v4->s6_addr + 12, 4);
        at += 4;
    } else {
        memcpy(at, known->v6, 16);
        at += 16;
    }
    put16(length, (unsigned)(at - data));
    return finish(query, DNS_OK, out, at);
}

size_t dns_answer(const struct dns_query *query, const void *message, const struct dns_known *known,
                  void *out)
{
    bool has_record = false;

    if (query->class != CLASS_IN)
        return dns_fail(query, message, DNS_REFUSED, out);
    switch (query->type) {
    case DNS_TYPE_A:
        has_record = known->v4 != NULL;
        break;
    case DNS_TYPE_AAAA:
        has_record = known->v6 != NULL;
        break;
    case DNS_TYPE_PTR:
        has_record = known->name && can_be_written(known->name);
        if (!has_record)
            return dns_fail(query, message, DNS_NO_SUCH_NAME, out);
        break;
    case DNS_TYPE_HTTPS:
    case DNS_TYPE_SVCB:
        break;
    default:
        return dns_fail(query, message, DNS_REFUSED, out);
    }
    return has_record ? write_record(query, message, known, out) : dns_fail(query, message, DNS_OK, out);
}
