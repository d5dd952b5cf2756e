/* DNS messages: what is read from a query, and what is answered, byte by byte. */
#include "support/rows.h"
#include "support/wall.h"

#include <ptunnel/dns.h>

#include <arpa/inet.h>
#include <string.h>

#define BYTES(text) (text), sizeof(text) - 1
/* A head: identifier 0x1234, these flags, and so many questions and additional records. */
#define HEAD(flags, questions, additional) "\x12\x34" flags "\0" questions "\0\0\0\0\0" additional
#define ASKED HEAD("\x01\0", "\1", "\0")
#define EXAMPLE "\7example\3org\0"
#define OPT "\0\0\x29\x10\0\0\0\0\0\0\0"
#define A "\0\x01\0\1"

static char longest[DNS_NAME_MOST + 1], longest_wire[256];

/* 63 + 63 + 63 + 61 letters: the longest name that there is. */
static void make_longest(void)
{
    static const size_t labels[] = { 63, 63, 63, 61 };
    char *text = longest, *wire = longest_wire;

    for (size_t i = 0; i < COUNT(labels); i++) {
        *wire++ = (char)labels[i];
        if (i)
            *text++ = '.';
        for (size_t k = 0; k < labels[i]; k++)
            *text++ = *wire++ = (char)('a' + (int)i);
    }
    *text = *wire = '\0';
}

static const struct {
    const char *name, *message;
    size_t size;
    enum dns_kind kind;
    enum dns_code wrong;
    const char *host;
    uint16_t type, class;
    bool edns;
} queries[] = {
    { "A", BYTES(ASKED EXAMPLE A), DNS_QUERY, 0, "example.org", 1, 1, false },
    { "AAAA", BYTES(ASKED EXAMPLE "\0\x1c\0\1"), DNS_QUERY, 0, "example.org", DNS_TYPE_AAAA, 1, false },
    { "letters as they were asked", BYTES(ASKED "\7eXaMpLe\3ORG\0" A), DNS_QUERY, 0, "eXaMpLe.ORG", 1, 1, false },
    { "the root", BYTES(ASKED "\0" A), DNS_QUERY, 0, "", 1, 1, false },
    { "one label", BYTES(ASKED "\4host\0" A), DNS_QUERY, 0, "host", 1, 1, false },
    { "a service", BYTES(ASKED "\5_http\4_tcp\1a\0\0\x21\0\1"), DNS_QUERY, 0, "_http._tcp.a", 33, 1, false },
    { "another class", BYTES(ASKED EXAMPLE "\0\1\0\3"), DNS_QUERY, 0, "example.org", 1, 3, false },
    { "a dot in a label", BYTES(ASKED "\3a.b\1c\0" A), DNS_QUERY, 0, "a?b.c", 1, 1, false },
    { "NUL, blank, CR and 255 in a label", BYTES(ASKED "\4\0 \r\xff\0" A), DNS_QUERY, 0, "????", 1, 1, false },
    { "EDNS", BYTES(HEAD("\1\0", "\1", "\1") EXAMPLE A OPT), DNS_QUERY, 0, "example.org", 1, 1, true },
    { "EDNS that is cut off", BYTES(HEAD("\1\0", "\1", "\1") EXAMPLE A "\0\0\x29\x10\0\0\0\0\0\0"), DNS_QUERY, 0,
      "example.org", 1, 1, false },
    { "EDNS that is announced only", BYTES(HEAD("\1\0", "\1", "\1") EXAMPLE A), DNS_QUERY, 0, "example.org", 1, 1, false },
    { "EDNS that is not announced", BYTES(ASKED EXAMPLE A OPT), DNS_QUERY, 0, "example.org", 1, 1, false },
    { "another record behind the question", BYTES(HEAD("\1\0", "\1", "\1") EXAMPLE A "\0\0\1\0\1\0\0\0\0\0\0"),
      DNS_QUERY, 0, "example.org", 1, 1, false },
    { "EDNS of version 1", BYTES(HEAD("\1\0", "\1", "\1") EXAMPLE A "\0\0\x29\x10\0\0\1\0\0\0\0"), DNS_WRONG_QUERY,
      DNS_BAD_VERSION, "example.org", 1, 1, true },
    { "nothing", BYTES(""), DNS_NOT_A_QUERY, 0, NULL, 0, 0, false },
    { "eleven bytes", BYTES("\x12\x34\1\0\0\1\0\0\0\0\0"), DNS_NOT_A_QUERY, 0, NULL, 0, 0, false },
    { "an answer", BYTES(HEAD("\x81\x80", "\1", "\0") EXAMPLE A), DNS_NOT_A_QUERY, 0, NULL, 0, 0, false },
    { "a status request", BYTES(HEAD("\x10\0", "\1", "\0") EXAMPLE A), DNS_WRONG_QUERY, DNS_NOT_IMPLEMENTED, "", 0, 0,
      false },
    { "no question", BYTES(HEAD("\1\0", "\0", "\0")), DNS_WRONG_QUERY, DNS_FORMAT_ERROR, "", 0, 0, false },
    { "two questions", BYTES(HEAD("\1\0", "\2", "\0") EXAMPLE A EXAMPLE A), DNS_WRONG_QUERY, DNS_FORMAT_ERROR, NULL, 0, 0,
      false },
    { "256 questions", BYTES("\x12\x34\1\0\1\1\0\0\0\0\0\0" EXAMPLE A), DNS_WRONG_QUERY, DNS_FORMAT_ERROR, NULL, 0, 0,
      false },
    { "a name that points to itself", BYTES(ASKED "\xc0\x0c" A), DNS_WRONG_QUERY, DNS_FORMAT_ERROR, NULL, 0, 0, false },
    { "a label of 64", BYTES(ASKED "\x40" EXAMPLE A), DNS_WRONG_QUERY, DNS_FORMAT_ERROR, NULL, 0, 0, false },
    { "a name without an end", BYTES(ASKED "\7example"), DNS_WRONG_QUERY, DNS_FORMAT_ERROR, NULL, 0, 0, false },
    { "a label that is cut off", BYTES(ASKED "\7exam"), DNS_WRONG_QUERY, DNS_FORMAT_ERROR, NULL, 0, 0, false },
    { "no type", BYTES(ASKED EXAMPLE), DNS_WRONG_QUERY, DNS_FORMAT_ERROR, NULL, 0, 0, false },
    { "half a class", BYTES(ASKED EXAMPLE "\0\1\0"), DNS_WRONG_QUERY, DNS_FORMAT_ERROR, NULL, 0, 0, false },
};

static void read_query(void **state)
{
    const typeof(*queries) *row = *state;
    struct dns_query query;
    char answer[DNS_ANSWER_SIZE];

    assert_int_equal(dns_read(&query, against_wall(0, row->message, row->size), row->size), row->kind);
    if (row->kind == DNS_NOT_A_QUERY)
        return;
    if (row->host)
        assert_string_equal(query.name, row->host);
    assert_int_equal(query.edns, row->edns);
    if (row->kind == DNS_QUERY) {
        assert_int_equal(query.type, row->type);
        assert_int_equal(query.class, row->class);
    } else {
        assert_int_equal(query.wrong, row->wrong);
        assert_int_equal(dns_fail(&query, row->message, query.wrong, answer), query.size + (query.edns ? 11 : 0));
        assert_int_equal(answer[3] & 15, row->wrong & 15);
    }
}

/* Cut anywhere it is no query that is understood, and nothing behind the cut is read. */
static void a_query_that_is_cut(void **state)
{
    static const char whole[] = ASKED EXAMPLE A;
    struct dns_query query;

    (void)state;
    for (size_t size = 0; size < sizeof whole - 1; size++)
        assert_int_equal(dns_read(&query, against_wall(0, whole, size), size),
                         size < 12 ? DNS_NOT_A_QUERY : DNS_WRONG_QUERY);
}

static void the_longest_name(void **state)
{
    char message[12 + 256 + 4];
    struct dns_query query;

    (void)state;
    make_longest();
    memcpy(message, ASKED, 12);
    memcpy(message + 12, longest_wire, 255);
    memcpy(message + 12 + 255, A, 4);
    assert_int_equal(dns_read(&query, against_wall(0, message, 271), 271), DNS_QUERY);
    assert_string_equal(query.name, longest);
    assert_int_equal(query.size, 271);
    message[12 + 192] = 62; /* one letter more */
    memcpy(message + 12 + 192 + 63, "\0\0\1\0\1", 5);
    assert_int_equal(dns_read(&query, message, 272), DNS_WRONG_QUERY);
}

#define TYPE(name) "\0" name "\0\1"
#define ZEROS4 "\1" "0\1" "0\1" "0\1" "0"
#define LOW_IP6 "\1" "d\1" "f\1" "0\1" "0" ZEROS4 ZEROS4 ZEROS4 ZEROS4 ZEROS4 ZEROS4 "\1" "8\1" "B\1" "d\1" "0"
static const struct {
    const char *name, *question;
    size_t size;
    const char *address; /* NULL: none */
} reverses[] = {
    { "IPv4", BYTES("\1" "7\1" "0\2" "18\3" "198\7in-addr\4arpa\0" TYPE("\x0c")), "::ffff:198.18.0.7" },
    { "in capitals", BYTES("\1" "7\1" "0\2" "18\3" "198\7IN-ADDR\4ARPA\0" TYPE("\x0c")), "::ffff:198.18.0.7" },
    { "IPv6", BYTES(LOW_IP6 "\3ip6\4arpa\0" TYPE("\x0c")), "0db8::fd" },
    { "A, not PTR", BYTES("\1" "7\1" "0\2" "18\3" "198\7in-addr\4arpa\0" A), NULL },
    { "another class", BYTES("\1" "7\1" "0\2" "18\3" "198\7in-addr\4arpa\0" "\0\x0c\0\3"), NULL },
    { "a network", BYTES("\1" "0\2" "18\3" "198\7in-addr\4arpa\0" TYPE("\x0c")), NULL },
    { "five numbers", BYTES("\1" "1\1" "7\1" "0\2" "18\3" "198\7in-addr\4arpa\0" TYPE("\x0c")), NULL },
    { "256", BYTES("\3" "256\1" "0\2" "18\3" "198\7in-addr\4arpa\0" TYPE("\x0c")), NULL },
    { "four digits", BYTES("\4" "0007\1" "0\2" "18\3" "198\7in-addr\4arpa\0" TYPE("\x0c")), NULL },
    { "letters", BYTES("\1" "x\1" "0\2" "18\3" "198\7in-addr\4arpa\0" TYPE("\x0c")), NULL },
    { "more behind it", BYTES("\1" "7\1" "0\2" "18\3" "198\7in-addr\4arpa\1x\0" TYPE("\x0c")), NULL },
    { "two digits of IPv6 in one label", BYTES("\2" "df" ZEROS4 "\3ip6\4arpa\0" TYPE("\x0c")), NULL },
    { "a name", BYTES(EXAMPLE TYPE("\x0c")), NULL },
    { "the root", BYTES("\0" TYPE("\x0c")), NULL },
};

static void reverse(void **state)
{
    const typeof(*reverses) *row = *state;
    char message[512], text[INET6_ADDRSTRLEN];
    struct dns_query query;
    struct in6_addr address, wanted;

    memcpy(message, ASKED, 12);
    memcpy(message + 12, row->question, row->size);
    assert_int_equal(dns_read(&query, message, 12 + row->size), DNS_QUERY);
    assert_int_equal(dns_reverse(&query, &address), row->address != NULL);
    if (!row->address)
        return;
    inet_ntop(AF_INET6, &address, text, sizeof text);
    assert_int_equal(inet_pton(AF_INET6, row->address, &wanted), 1);
    if (memcmp(&address, &wanted, sizeof wanted) != 0)
        fail_msg("%s", text);
}

static const struct in6_addr v4 = { .s6_addr = { [10] = 255, 255, 198, 18, 0, 7 } };
static const struct in6_addr v6 = { .s6_addr = { 0xfd, [15] = 7 } };

#define REPLY(flags, records, additional) "\x12\x34" flags "\0\1\0" records "\0\0\0" additional
#define RECORD(type, size) "\xc0\x0c\0" type "\0\1\0\0\0\x3c\0" size

static const struct {
    const char *name, *query;
    size_t query_size;
    const char *answer;
    size_t answer_size;
    struct dns_known known;
} answers[] = {
    { "A", BYTES(ASKED EXAMPLE A), BYTES(REPLY("\x81\x80", "\1", "\0") EXAMPLE A RECORD("\1", "\4") "\xc6\x12\0\7"),
      { .v4 = &v4, .seconds = 60 } },
    { "the question as it was asked", BYTES(ASKED "\7eXample\3org\0" A),
      BYTES(REPLY("\x81\x80", "\1", "\0") "\7eXample\3org\0" A RECORD("\1", "\4") "\xc6\x12\0\7"), { .v4 = &v4, .seconds = 60 } },
    { "A with EDNS", BYTES(HEAD("\1\0", "\1", "\1") EXAMPLE A OPT),
      BYTES(REPLY("\x81\x80", "\1", "\1") EXAMPLE A RECORD("\1", "\4") "\xc6\x12\0\7" "\0\0\x29\4\xd0\0\0\0\0\0\0"),
      { .v4 = &v4, .seconds = 60 } },
    { "no recursion wanted, no checking", BYTES(HEAD("\0\x30", "\1", "\0") EXAMPLE A),
      BYTES(REPLY("\x80\x90", "\1", "\0") EXAMPLE A RECORD("\1", "\4") "\xc6\x12\0\7"), { .v4 = &v4, .seconds = 60 } },
    { "A, and there is none", BYTES(ASKED EXAMPLE A), BYTES(REPLY("\x81\x80", "\0", "\0") EXAMPLE A), { .v6 = &v6 } },
    { "AAAA", BYTES(ASKED EXAMPLE TYPE("\x1c")),
      BYTES(REPLY("\x81\x80", "\1", "\0") EXAMPLE TYPE("\x1c") RECORD("\x1c", "\x10") "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7"),
      { .v4 = &v4, .v6 = &v6, .seconds = 60 } },
    { "AAAA, and there is none", BYTES(ASKED EXAMPLE TYPE("\x1c")), BYTES(REPLY("\x81\x80", "\0", "\0") EXAMPLE TYPE("\x1c")),
      { .v4 = &v4 } },
    { "PTR", BYTES(ASKED EXAMPLE TYPE("\x0c")),
      BYTES(REPLY("\x81\x80", "\1", "\0") EXAMPLE TYPE("\x0c") RECORD("\x0c", "\x0c") "\4host\5local\0"),
      { .name = "host.local", .seconds = 60 } },
    { "PTR, and there is none", BYTES(ASKED EXAMPLE TYPE("\x0c")), BYTES(REPLY("\x81\x83", "\0", "\0") EXAMPLE TYPE("\x0c")),
      { .v4 = &v4 } },
    { "PTR of what is no name", BYTES(ASKED EXAMPLE TYPE("\x0c")), BYTES(REPLY("\x81\x83", "\0", "\0") EXAMPLE TYPE("\x0c")),
      { .name = "a..b" } },
    { "HTTPS", BYTES(ASKED EXAMPLE TYPE("\x41")), BYTES(REPLY("\x81\x80", "\0", "\0") EXAMPLE TYPE("\x41")), { .v4 = &v4 } },
    { "SVCB", BYTES(ASKED EXAMPLE TYPE("\x40")), BYTES(REPLY("\x81\x80", "\0", "\0") EXAMPLE TYPE("\x40")), { .v4 = &v4 } },
    { "MX", BYTES(ASKED EXAMPLE TYPE("\x0f")), BYTES(REPLY("\x81\x85", "\0", "\0") EXAMPLE TYPE("\x0f")), { .v4 = &v4 } },
    { "any type", BYTES(ASKED EXAMPLE TYPE("\xff")), BYTES(REPLY("\x81\x85", "\0", "\0") EXAMPLE TYPE("\xff")), { .v4 = &v4 } },
    { "another class", BYTES(ASKED EXAMPLE "\0\1\0\3"), BYTES(REPLY("\x81\x85", "\0", "\0") EXAMPLE "\0\1\0\3"), { .v4 = &v4 } },
};

static void answer_query(void **state)
{
    const typeof(*answers) *row = *state;
    char out[DNS_ANSWER_SIZE];
    struct dns_query query;

    assert_int_equal(dns_read(&query, row->query, row->query_size), DNS_QUERY);
    assert_int_equal(dns_answer(&query, row->query, &row->known, out), row->answer_size);
    assert_memory_equal(out, row->answer, row->answer_size);
}

static void the_largest_answer(void **state)
{
    char message[12 + 255 + 4 + 11], *out = against_wall(1, longest_wire, 0) - DNS_ANSWER_SIZE;
    struct dns_query query;
    struct dns_known known = { .name = longest };

    (void)state;
    make_longest();
    memcpy(message, HEAD("\1\0", "\1", "\1"), 12);
    memcpy(message + 12, longest_wire, 255);
    memcpy(message + 12 + 255, TYPE("\x0c") OPT, 15);
    assert_int_equal(dns_read(&query, message, sizeof message), DNS_QUERY);
    assert_int_equal(dns_answer(&query, message, &known, out), DNS_ANSWER_SIZE);
}

static void a_code_that_needs_edns(void **state)
{
    static const char message[] = HEAD("\1\0", "\1", "\1") EXAMPLE A "\0\0\x29\x10\0\0\1\0\0\0\0";
    unsigned char out[DNS_ANSWER_SIZE];
    struct dns_query query;

    (void)state;
    assert_int_equal(dns_read(&query, message, sizeof message - 1), DNS_WRONG_QUERY);
    assert_int_equal(dns_fail(&query, message, query.wrong, out), 29 + 11);
    assert_int_equal(out[3] & 15, 0);
    assert_memory_equal(out + 29, "\0\0\x29\4\xd0\1\0\0\0\0\0", 11);
}

int main(void)
{
    ROWS(queries, read_query);
    STORY(a_query_that_is_cut);
    STORY(the_longest_name);
    ROWS(reverses, reverse);
    ROWS(answers, answer_query);
    STORY(the_largest_answer);
    STORY(a_code_that_needs_edns);
    return rows_run("dns");
}
