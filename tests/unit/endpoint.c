/* Hosts and ports: what is taken, what is refused and in which words, and sockaddr both ways. */
#include "support/rows.h"
#include "support/wall.h"

#include <ptunnel/endpoint.h>

#include <arpa/inet.h>
#include <string.h>

#define BYTES(literal) literal, sizeof(literal) - 1
#define L63            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HOST_253                                                                                             \
    L63 "." L63 "." L63 "."                                                                                  \
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char bad_byte[] = "host has a character that no host name has";
static const char empty_label[] = "host has an empty label";
static const char no_v6[] = "there is no IPv6 address between '[' and ']'";
static const char bad_port[] = "port is not between 1 and 65535";
static const char two_colons[] = "there is a second ':', expected HOST:PORT";
static const char bare_v6[] = "an IPv6 address must stand in brackets: [::1]:3128";

/* What is parsed, and how it is printed again or why it is refused. */
static const struct {
    const char *name, *text;
    size_t size;
    uint16_t port_if_none;
    const char *printed, *wrong;
} parsed[] = {
    { "a name", BYTES("example.org:22"), 0, "example.org:22", NULL },
    { "a name of one label", BYTES("proxy:3128"), 0, "proxy:3128", NULL },
    { "all bytes that names have", BYTES("A-z_09.x:1"), 0, "A-z_09.x:1", NULL },
    { "a last dot is dropped", BYTES("example.org.:22"), 0, "example.org:22", NULL },
    { "an IPv4 address", BYTES("192.0.2.1:443"), 0, "192.0.2.1:443", NULL },
    { "an IPv6 address", BYTES("[2001:DB8::1]:65535"), 0, "[2001:db8::1]:65535", NULL },
    { "a mapped address is its IPv4 one", BYTES("[::ffff:192.0.2.1]:80"), 0, "192.0.2.1:80", NULL },
    { "a compatible address is IPv6", BYTES("[::192.0.2.1]:80"), 0, "[::192.0.2.1]:80", NULL },
    { "no port, but one for that case", BYTES("proxy"), 3128, "proxy:3128", NULL },
    { "no port behind IPv6, the same", BYTES("[::1]"), 3128, "[::1]:3128", NULL },
    { "a port wins over that", BYTES("proxy:81"), 3128, "proxy:81", NULL },
    { "253 bytes", BYTES(HOST_253 ":65535"), 0, HOST_253 ":65535", NULL },
    { "253 bytes and a last dot", BYTES(HOST_253 ".:1"), 0, HOST_253 ":1", NULL },

    { "nothing", BYTES(""), 0, NULL, "host is missing" },
    { "a port alone", BYTES(":80"), 0, NULL, "host is missing" },
    { "no port", BYTES("example.org"), 0, NULL, "port is missing" },
    { "no port behind IPv6", BYTES("[::1]"), 0, NULL, "port is missing" },
    { "an empty port", BYTES("example.org:"), 3128, NULL, "port is missing" },
    { "port 0", BYTES("example.org:0"), 0, NULL, bad_port },
    { "port 65536", BYTES("example.org:65536"), 0, NULL, bad_port },
    { "a port by name", BYTES("example.org:http"), 0, NULL, bad_port },
    { "a port with a sign", BYTES("example.org:+80"), 0, NULL, bad_port },
    { "a port and more", BYTES("example.org:80/"), 0, NULL, bad_port },
    { "254 bytes", BYTES("b" HOST_253 ":1"), 0, NULL, "host is longer than 253 bytes" },
    { "254 bytes and a last dot", BYTES("b" HOST_253 ".:1"), 0, NULL, "host is longer than 253 bytes" },
    { "CR", BYTES("a\rb:1"), 0, NULL, bad_byte },
    { "LF", BYTES("a\nb:1"), 0, NULL, bad_byte },
    { "a second request line", BYTES("a HTTP/1.1\r\nX: y:1"), 0, NULL, two_colons },
    { "two of them", BYTES("proxy:3128,other:3128"), 0, NULL, two_colons },
    { "a URL", BYTES("http://example.org/"), 443, NULL, "expected HOST:PORT, not a URL" },
    { "a URL with a port", BYTES("https://example.org:443"), 443, NULL, "expected HOST:PORT, not a URL" },
    { "the least of a URL", BYTES("a://"), 443, NULL, "expected HOST:PORT, not a URL" },
    { "a blank", BYTES("a b:1"), 0, NULL, bad_byte },
    { "a tab", BYTES("a\tb:1"), 0, NULL, bad_byte },
    { "a NUL", BYTES("a\0b:1"), 0, NULL, bad_byte },
    { "a NUL behind an address", BYTES("192.0.2.1\0:1"), 0, NULL, bad_byte },
    { "a slash", BYTES("a/b:1"), 0, NULL, bad_byte },
    { "a question mark", BYTES("a?b:1"), 0, NULL, bad_byte },
    { "userinfo", BYTES("a@b:1"), 0, NULL, bad_byte },
    { "a percent sign", BYTES("a%20b:1"), 0, NULL, bad_byte },
    { "UTF-8", BYTES("\303\274.example:1"), 0, NULL, bad_byte },
    { "DEL", BYTES("a\177:1"), 0, NULL, bad_byte },
    { "a dot alone", BYTES(".:1"), 0, NULL, empty_label },
    { "a dot in front", BYTES(".a:1"), 0, NULL, empty_label },
    { "two dots", BYTES("a..b:1"), 0, NULL, empty_label },
    { "two dots behind", BYTES("a..:1"), 0, NULL, empty_label },
    { "IPv6 without brackets", BYTES("::1"), 3128, NULL, bare_v6 },
    { "IPv6 and a port without brackets", BYTES("2001:db8::1:80"), 0, NULL, bare_v6 },
    { "a bracket alone", BYTES("["), 0, NULL, "']' is missing" },
    { "a bracket not closed", BYTES("[::1:80"), 0, NULL, "']' is missing" },
    { "empty brackets", BYTES("[]:80"), 0, NULL, no_v6 },
    { "a name in brackets", BYTES("[example.org]:80"), 0, NULL, no_v6 },
    { "IPv4 in brackets", BYTES("[192.0.2.1]:80"), 0, NULL, no_v6 },
    { "an address with a zone", BYTES("[fe80::1%lo]:80"), 0, NULL, no_v6 },
    { "words behind the brackets", BYTES("[::1]x:80"), 0, NULL, "expected ':' and a port behind the host" },
    { "a second port", BYTES("[::1]:80:81"), 0, NULL, bad_port },
};

static void parsing(void **state)
{
    const typeof(*parsed) *row = *state;
    char printed[ENDPOINT_TEXT_SIZE];
    struct endpoint endpoint, again;
    const char *wrong =
        endpoint_parse(&endpoint, against_wall(0, row->text, row->size), row->size, row->port_if_none);

    if (row->wrong) {
        assert_non_null(wrong);
        assert_string_equal(wrong, row->wrong);
        return;
    }
    assert_null(wrong);
    endpoint_print(&endpoint, printed);
    assert_string_equal(printed, row->printed);
    assert_null(endpoint_parse(&again, printed, strlen(printed), 0));
    assert_true(endpoint_equal(&endpoint, &again));
}

static void only_the_bytes_of_host_names_get_in(void **state)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    struct endpoint endpoint;

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char host[3] = { 'a', (char)byte, 'b' };
        bool taken = endpoint_set_host(&endpoint, against_wall(0, host, 3), 3) == NULL;

        if (byte == ':') /* "a:b" is no IPv6 address either */
            assert_false(taken);
        assert_int_equal(taken, byte != 0 && strchr(allowed, byte) != NULL);
    }
}

static const struct {
    const char *name, *host, *printed;
    bool literal, v4;
} hosts[] = {
    { "a name", "example.org", "example.org", false, false },
    { "IPv4", "192.0.2.1", "192.0.2.1", true, true },
    { "IPv6", "2001:db8::1", "2001:db8::1", true, false },
    { "mapped", "::ffff:192.0.2.1", "192.0.2.1", true, true },
    { "a zero in front is a name", "192.0.2.01", "192.0.2.01", false, false },
    { "an address with a last dot is that address", "192.0.2.1.", "192.0.2.1", true, true },
};

static void a_host_alone(void **state)
{
    const typeof(*hosts) *row = *state;
    char printed[ENDPOINT_TEXT_SIZE];
    struct endpoint endpoint = { .port = 77 };

    assert_null(endpoint_set_host(&endpoint, row->host, strlen(row->host)));
    endpoint_print_host(&endpoint, printed);
    assert_string_equal(printed, row->printed);
    assert_int_equal(endpoint.literal, row->literal);
    assert_int_equal(endpoint_is_v4(&endpoint), row->v4);
    assert_int_equal(endpoint.port, 77);
}

/* Addresses for connect(2), made of a family, an address as text, and a scope. */
static socklen_t make(struct sockaddr_storage *out, int family, const char *address, uint32_t scope)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(80) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(80), .sin6_scope_id = scope };

    if (family == AF_INET6) {
        assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
        memcpy(out, &v6, sizeof v6);
        return sizeof v6;
    }
    assert_int_equal(inet_pton(AF_INET, address, &v4.sin_addr), 1);
    v4.sin_family = (sa_family_t)family;
    memcpy(out, &v4, sizeof v4);
    return sizeof v4;
}

static const struct {
    const char *name;
    int family;
    const char *address;
    long size; /* as the program gives it to connect(2); 0: the right one */
    uint32_t scope;
    const char *printed; /* NULL: not for us */
} sockaddrs[] = {
    { "IPv4", AF_INET, "192.0.2.1", 0, 0, "192.0.2.1:80" },
    { "IPv4, longer", AF_INET, "192.0.2.1", 28, 0, "192.0.2.1:80" },
    { "IPv4, as long as can be", AF_INET, "192.0.2.1", 128, 0, "192.0.2.1:80" },
    { "IPv4, too long", AF_INET, "192.0.2.1", 129, 0, NULL },
    { "IPv4, short by one", AF_INET, "192.0.2.1", 15, 0, NULL },
    { "IPv4, the family alone", AF_INET, "192.0.2.1", 2, 0, NULL },
    { "IPv4, one byte", AF_INET, "192.0.2.1", 1, 0, NULL },
    { "IPv4, a negative length", AF_INET, "192.0.2.1", -1, 0, NULL },
    { "IPv4, the most negative length", AF_INET, "192.0.2.1", INT32_MIN, 0, NULL },
    { "IPv6", AF_INET6, "2001:db8::1", 0, 0, "[2001:db8::1]:80" },
    { "IPv6, without a scope", AF_INET6, "2001:db8::1", 24, 9, "[2001:db8::1]:80" },
    { "IPv6, short by one", AF_INET6, "2001:db8::1", 23, 0, NULL },
    { "IPv6, as long as IPv4", AF_INET6, "2001:db8::1", 16, 0, NULL },
    { "IPv6, a negative length", AF_INET6, "2001:db8::1", -1, 0, NULL },
    { "IPv6, too long", AF_INET6, "2001:db8::1", 129, 0, NULL },
    { "mapped", AF_INET6, "::ffff:192.0.2.1", 0, 0, "192.0.2.1:80" },
    { "link-local with its scope", AF_INET6, "fe80::1", 0, 3, "[fe80::1]:80" },
    { "IPv4 unspecified is loopback", AF_INET, "0.0.0.0", 0, 0, "127.0.0.1:80" },
    { "IPv6 unspecified is loopback", AF_INET6, "::", 0, 0, "[::1]:80" },
    { "mapped unspecified is loopback", AF_INET6, "::ffff:0.0.0.0", 0, 0, "127.0.0.1:80" },
    { "AF_UNSPEC", AF_UNSPEC, "192.0.2.1", 0, 0, NULL },
    { "AF_UNIX", AF_UNIX, "192.0.2.1", 0, 0, NULL },
    { "a family that is none", 0xffff, "192.0.2.1", 0, 0, NULL },
};

static void from_sockaddr(void **state)
{
    const typeof(*sockaddrs) *row = *state;
    struct sockaddr_storage address = { 0 };
    socklen_t size = make(&address, row->family, row->address, row->scope);
    char printed[ENDPOINT_TEXT_SIZE];
    struct endpoint endpoint;
    bool ours;

    if (row->size)
        size = (socklen_t)row->size;
    ours = endpoint_from_sockaddr(
        &endpoint,
        (struct sockaddr *)against_wall(0, (char *)&address, size < sizeof address ? size : sizeof address),
        size);
    assert_int_equal(ours, row->printed != NULL);
    if (!ours)
        return;
    endpoint_print(&endpoint, printed);
    assert_string_equal(printed, row->printed);
    assert_int_equal(endpoint.scope, row->size == 24 ? 0 : row->scope);
}

static void no_address_is_not_for_us(void **state)
{
    struct endpoint endpoint;

    (void)state;
    assert_false(endpoint_from_sockaddr(&endpoint, NULL, 16));
    assert_false(endpoint_from_destination(&endpoint, NULL, 16));
}

static void a_datagram_without_a_family_goes_by_ipv4(void **state)
{
    struct sockaddr_storage address = { 0 };
    socklen_t size = make(&address, AF_INET, "192.0.2.1", 0);
    const struct sockaddr *walled = (struct sockaddr *)against_wall(0, (char *)&address, size);
    char printed[ENDPOINT_TEXT_SIZE];
    struct endpoint endpoint;

    (void)state;
    assert_true(endpoint_from_destination(&endpoint, walled, size));
    address.ss_family = AF_UNSPEC;
    walled = (struct sockaddr *)against_wall(0, (char *)&address, size);
    assert_true(endpoint_from_destination(&endpoint, walled, size));
    endpoint_print(&endpoint, printed);
    assert_string_equal(printed, "192.0.2.1:80");
    assert_false(endpoint_from_destination(&endpoint, walled, size - 1));
    address.ss_family = AF_UNIX;
    assert_false(endpoint_from_destination(&endpoint, (struct sockaddr *)&address, size));
}

static const struct {
    const char *name, *endpoint;
    int family;
    const char *address; /* NULL: that family cannot express it */
} to_rows[] = {
    { "IPv4 for AF_INET", "192.0.2.1:80", AF_INET, "192.0.2.1" },
    { "IPv4 for AF_INET6 is mapped", "192.0.2.1:80", AF_INET6, "::ffff:192.0.2.1" },
    { "IPv6 for AF_INET6", "[2001:db8::1]:80", AF_INET6, "2001:db8::1" },
    { "IPv6 for AF_INET", "[2001:db8::1]:80", AF_INET, NULL },
    { "a name for AF_INET", "example.org:80", AF_INET, NULL },
    { "a name for AF_INET6", "example.org:80", AF_INET6, NULL },
};

static void to_sockaddr(void **state)
{
    const typeof(*to_rows) *row = *state;
    struct sockaddr_storage wanted = { 0 }, got = { 0 };
    struct endpoint endpoint;
    socklen_t size;

    assert_null(endpoint_parse(&endpoint, row->endpoint, strlen(row->endpoint), 0));
    size = row->address ? make(&wanted, row->family, row->address, 5) : 0;
    endpoint.scope = 5;
    assert_int_equal(endpoint_to_sockaddr(&endpoint, row->family, &got), size);
    assert_memory_equal(&got, &wanted, size);
}

static const struct {
    const char *name, *a, *b;
    bool equal;
} pairs[] = {
    { "the same name", "example.org:1", "example.org:1", true },
    { "names without regard to case", "Example.ORG:1", "eXample.org:1", true },
    { "a last dot", "example.org.:1", "example.org:1", true },
    { "the same address, mapped", "[::ffff:192.0.2.1]:1", "192.0.2.1:1", true },
    { "the same address, written otherwise", "[2001:db8:0::1]:1", "[2001:DB8::1]:1", true },
    { "another port", "example.org:1", "example.org:2", false },
    { "another name", "example.org:1", "example.com:1", false },
    { "another address", "192.0.2.1:1", "192.0.2.2:1", false },
    { "a name and an address", "example.org:1", "192.0.2.1:1", false },
};

static void equality(void **state)
{
    const typeof(*pairs) *row = *state;
    struct endpoint a, b;

    assert_null(endpoint_parse(&a, row->a, strlen(row->a), 0));
    assert_null(endpoint_parse(&b, row->b, strlen(row->b), 0));
    assert_int_equal(endpoint_equal(&a, &b), row->equal);
    assert_int_equal(endpoint_equal(&b, &a), row->equal);
}

static const struct {
    const char *name;
    bool loopback, link_local;
} places[] = {
    { "localhost", true, false },
    { "LocalHost", true, false },
    { "localhost.", true, false },
    { "a.localhost", true, false },
    { "A.b.LOCALHOST.", true, false },
    { "127.0.0.1", true, false },
    { "127.255.255.255", true, false },
    { "::1", true, false },
    { "::ffff:127.0.0.1", true, false },
    { "notlocalhost", false, false },
    { "localhost.example", false, false },
    { "128.0.0.1", false, false },
    { "126.255.255.255", false, false },
    { "::2", false, false },
    { "::127.0.0.1", false, false },
    { "169.254.0.1", false, true },
    { "169.254.255.255", false, true },
    { "::ffff:169.254.1.1", false, true },
    { "fe80::1", false, true },
    { "febf::1", false, true },
    { "fec0::1", false, false },
    { "fe7f::1", false, false },
    { "169.253.0.1", false, false },
    { "169.255.0.1", false, false },
    { "198.18.0.1", false, false },
    { "l", false, false },
    { "fe80", false, false },
};

static void loopback_and_link_local(void **state)
{
    const typeof(*places) *row = *state;
    struct endpoint endpoint = { 0 };

    assert_null(endpoint_set_host(&endpoint, row->name, strlen(row->name)));
    assert_int_equal(endpoint_is_loopback(&endpoint), row->loopback);
    assert_int_equal(endpoint_is_link_local(&endpoint), row->link_local);
}

static void a_literal_without_the_room_for_a_name(void **state)
{
    struct endpoint endpoint, back;
    struct literal literal;

    (void)state;
    memset(&endpoint, 0, sizeof endpoint);
    assert_null(endpoint_parse(&endpoint, "[fe80::1]:443", 13, 0));
    endpoint.scope = 7;
    literal = endpoint_literal(&endpoint);
    back = endpoint_of_literal(&literal);
    assert_true(back.literal && endpoint_equal(&back, &endpoint));
    assert_int_equal(back.scope, 7);
    assert_int_equal(back.port, 443);
}

int main(void)
{
    ROWS(parsed, parsing);
    STORY(only_the_bytes_of_host_names_get_in);
    ROWS(hosts, a_host_alone);
    ROWS(sockaddrs, from_sockaddr);
    STORY(no_address_is_not_for_us);
    STORY(a_datagram_without_a_family_goes_by_ipv4);
    ROWS(to_rows, to_sockaddr);
    STORY(a_literal_without_the_room_for_a_name);
    ROWS(pairs, equality);
    ROWS(places, loopback_and_link_local);
    return rows_run("endpoint");
}
