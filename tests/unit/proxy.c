/* Proxy URLs, with every phrase that refuses one, and the header fields that carry credentials. */
#include "support/rows.h"
#include "support/wall.h"

#include <ptunnel/handshake.h>
#include <ptunnel/proxy.h>

#include <string.h>

#define BYTES(literal) literal, sizeof(literal) - 1
#define TEN            "0123456789"
#define HUNDRED        TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define SIZE_255       HUNDRED HUNDRED TEN TEN TEN TEN TEN "01234"

static const char tls[] =
    "a proxy spoken to over TLS (https://) is not supported; put stunnel or a like program in "
    "front of it and give its local address";
static const char socks[] =
    "SOCKS proxies are not supported, only HTTP proxies with CONNECT; put an HTTP proxy in "
    "front of it, such as privoxy";
static const char bad_percent[] =
    "'%' in user name or password must be followed by two hexadecimal digits ('%' itself is %25)";
static const char too_long[] = "user name or password is longer than 255 bytes";
static const char control[] =
    "user name or password has a control character, which Basic authentication cannot carry";
static const char colon[] = "user name has a ':', which Basic authentication cannot carry";
static const char slash[] = "a '/' in user name or password must be written as %2F";
static const char follows[] = "nothing may follow the port but one '/'";

#define BASIC(credentials) "Proxy-Authorization: Basic " credentials "\r\n"

static const struct {
    const char *name, *url;
    size_t size;
    const char *at, *fields, *wrong;
} urls[] = {
    { "a URL", BYTES("http://proxy.example:8080"), "proxy.example:8080", "", NULL },
    { "a URL with a slash", BYTES("http://proxy.example:8080/"), "proxy.example:8080", "", NULL },
    { "a URL without a port", BYTES("http://proxy.example"), "proxy.example:80", "", NULL },
    { "a URL without a port, with a slash", BYTES("http://proxy.example/"), "proxy.example:80", "", NULL },
    { "the scheme in capitals", BYTES("HTTP://proxy.example"), "proxy.example:80", "", NULL },
    { "host and port", BYTES("proxy:3128"), "proxy:3128", "", NULL },
    { "a host alone", BYTES("proxy"), "proxy:3128", "", NULL },
    { "a host and a slash", BYTES("proxy/"), "proxy:3128", "", NULL },
    { "IPv4", BYTES("192.0.2.1"), "192.0.2.1:3128", "", NULL },
    { "IPv6", BYTES("http://[2001:db8::1]:3128/"), "[2001:db8::1]:3128", "", NULL },
    { "IPv6 without a port", BYTES("[::1]"), "[::1]:3128", "", NULL },
    { "RFC 7617's example", BYTES("http://Aladdin:open%20sesame@proxy:1"), "proxy:1",
      BASIC("QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), NULL },
    { "without a scheme", BYTES("Aladdin:open%20sesame@proxy"), "proxy:3128",
      BASIC("QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), NULL },
    { "a user alone", BYTES("bob@proxy:1"), "proxy:1", BASIC("Ym9iOg=="), NULL },
    { "a user and an empty password", BYTES("bob:@proxy:1"), "proxy:1", BASIC("Ym9iOg=="), NULL },
    { "a password alone", BYTES(":pw@proxy:1"), "proxy:1", BASIC("OnB3"), NULL },
    { "a colon in the password", BYTES("u:a:b@proxy:1"), "proxy:1", BASIC("dTphOmI="), NULL },
    { "an encoded colon in the password", BYTES("u:a%3Ab@proxy:1"), "proxy:1", BASIC("dTphOmI="), NULL },
    { "encoded : @ / % in the password", BYTES("u:%3a%40%2F%25@proxy:1"), "proxy:1", BASIC("dTo6QC8l"),
      NULL },
    { "an @ in the password as it is", BYTES("u:p@ss@proxy:1"), "proxy:1", BASIC("dTpwQHNz"), NULL },
    { "a plus is a plus", BYTES("u:a+b@proxy:1"), "proxy:1", BASIC("dTphK2I="), NULL },
    { "UTF-8 (RFC 7617 2.1)", BYTES("test:123%C2%A3@proxy:1"), "proxy:1", BASIC("dGVzdDoxMjPCow=="), NULL },
    { "userinfo and IPv6", BYTES("http://u:p@[::1]:8080/"), "[::1]:8080", BASIC("dTpw"), NULL },

    { "nothing", BYTES(""), NULL, NULL, "host is missing" },
    { "a scheme alone", BYTES("http://"), NULL, NULL, "host is missing" },
    { "a slash alone", BYTES("http:///"), NULL, NULL, "host is missing" },
    { "userinfo alone", BYTES("u:p@"), NULL, NULL, "host is missing" },
    { "an empty port", BYTES("http://proxy:"), NULL, NULL, "port is missing" },
    { "a port too large", BYTES("proxy:99999"), NULL, NULL, "port is not between 1 and 65535" },
    { "https", BYTES("https://proxy:443"), NULL, NULL, tls },
    { "HTTPS", BYTES("HTTPS://proxy:443"), NULL, NULL, tls },
    { "socks", BYTES("socks://proxy:1080"), NULL, NULL, socks },
    { "socks5", BYTES("socks5://u:p@proxy:1080"), NULL, NULL, socks },
    { "socks5h", BYTES("SOCKS5H://proxy:1080"), NULL, NULL, socks },
    { "another scheme", BYTES("ftp://proxy"), NULL, NULL, "is not an http:// URL" },
    { "a short scheme", BYTES("h://"), NULL, NULL, "is not an http:// URL" },
    { "no scheme before ://", BYTES("://"), NULL, NULL, "is not an http:// URL" },
    { "a path", BYTES("http://proxy:1/x"), NULL, NULL, follows },
    { "two slashes", BYTES("http://proxy:1//"), NULL, NULL, follows },
    { "a path without a scheme", BYTES("proxy/x"), NULL, NULL, follows },
    { "a slash in the password", BYTES("http://u:a/b@proxy"), NULL, NULL, slash },
    { "a query", BYTES("http://proxy?x"), NULL, NULL, "host has a character that no host name has" },
    { "CRLF in the host", BYTES("http://proxy\r\nX-Y:1"), NULL, NULL,
      "host has a character that no host name has" },
    { "a percent sign in the host", BYTES("http://pro%78y"), NULL, NULL,
      "host has a character that no host name has" },
    { "IPv6 without brackets", BYTES("http://::1"), NULL, NULL,
      "an IPv6 address must stand in brackets: [::1]:3128" },
    { "a percent sign at the end", BYTES("u:a%@proxy"), NULL, NULL, bad_percent },
    { "one digit only", BYTES("u:a%4@proxy"), NULL, NULL, bad_percent },
    { "no hexadecimal digit", BYTES("u:%4g@proxy"), NULL, NULL, bad_percent },
    { "not even the first", BYTES("u:%zz@proxy"), NULL, NULL, bad_percent },
    { "a percent sign in the user name", BYTES("a%:p@proxy"), NULL, NULL, bad_percent },
    { "a NUL, encoded", BYTES("u:a%00b@proxy"), NULL, NULL, "user name or password has a NUL byte" },
    { "a NUL as it is", BYTES("u:a\0b@proxy"), NULL, NULL, "user name or password has a NUL byte" },
    { "CRLF, encoded", BYTES("u:a%0d%0aX:y@proxy"), NULL, NULL, control },
    { "LF as it is", BYTES("u:a\nb@proxy"), NULL, NULL, control },
    { "DEL", BYTES("u:%7f@proxy"), NULL, NULL, control },
    { "a tab in the user name", BYTES("u%09:p@proxy"), NULL, NULL, control },
    { "an encoded colon in the user name", BYTES("a%3Ab:p@proxy"), NULL, NULL, colon },
    { "a user name of 256 bytes", BYTES(SIZE_255 "x:p@proxy"), NULL, NULL, too_long },
    { "a password of 256 bytes", BYTES("u:" SIZE_255 "x@proxy"), NULL, NULL, too_long },
    { "a password of 256 bytes, encoded", BYTES("u:" SIZE_255 "%41@proxy"), NULL, NULL, too_long },
};

static void parsing(void **state)
{
    const typeof(*urls) *row = *state;
    char printed[ENDPOINT_TEXT_SIZE];
    static struct proxy proxy;
    const char *wrong = proxy_parse(&proxy, against_wall(0, row->url, row->size), row->size);

    if (row->wrong) {
        assert_non_null(wrong);
        assert_string_equal(wrong, row->wrong);
        return;
    }
    assert_null(wrong);
    endpoint_print(&proxy.at, printed);
    assert_string_equal(printed, row->at);
    assert_string_equal(proxy.fields, row->fields);
    assert_int_equal(proxy.has_credentials, row->fields[0] != '\0');
}

static void the_longest_credentials_fit(void **state)
{
    static struct proxy proxy;

    (void)state;
    assert_null(proxy_parse(&proxy, BYTES(SIZE_255 ":" SIZE_255 "@proxy")));
    assert_int_equal(strlen(proxy.fields), strlen(BASIC("")) + (511 + 2) / 3 * 4);
    assert_string_equal(proxy.fields + strlen(proxy.fields) - 2, "\r\n");
}

static const struct {
    const char *name, *user, *password, *fields, *wrong;
} credentials[] = {
    { "a pair", "Aladdin", "open sesame", BASIC("QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), NULL },
    { "a percent sign is itself", "u", "%41", BASIC("dTolNDE="), NULL },
    { "both empty", "", "", BASIC("Og=="), NULL },
    { "a password of 256 bytes", "u", SIZE_255 "x", NULL, too_long },
    { "a user name of 256 bytes", SIZE_255 "x", "p", NULL, too_long },
    { "a colon in the user name", "a:b", "p", NULL, colon },
    { "a colon in the password", "a", "b:c", BASIC("YTpiOmM="), NULL },
    { "CR in the password", "u", "p\r", NULL, control },
    { "LF in the user name", "u\nX", "p", NULL, control },
};

static void setting_credentials(void **state)
{
    const typeof(*credentials) *row = *state;
    static struct proxy proxy;
    const char *wrong;

    assert_null(proxy_parse(&proxy, BYTES("old:old@proxy:1")));
    wrong = proxy_set_credentials(&proxy, row->user, row->password);
    if (row->wrong) {
        assert_non_null(wrong);
        assert_string_equal(wrong, row->wrong);
        return;
    }
    assert_null(wrong);
    assert_true(proxy.has_credentials);
    assert_string_equal(proxy.fields, row->fields);
}

static const char no_field[] = "is not a header field: 'Name: value'";

static const struct {
    const char *name, *field, *wrong;
} fields[] = {
    { "a field", "X-Token: abc", NULL },
    { "no blank", "X-Token:abc", NULL },
    { "an empty value", "X-Token:", NULL },
    { "a tab in the value", "X: a\tb", NULL },
    { "all bytes that names have", "aZ09!#$%&'*+-.^_`|~: x", NULL },
    { "UTF-8 in the value", "X: \303\274", NULL },
    { "nothing", "", no_field },
    { "no colon", "X-Token", no_field },
    { "no name", ": x", no_field },
    { "a blank before the colon (RFC 9112 5.1)", "X : y", no_field },
    { "a blank in front", " X: y", no_field },
    { "a bracket in the name", "X[]: y", no_field },
    { "a byte above 127 in the name", "X\303\274: y", no_field },
    { "CRLF in the value", "X: a\r\nY: b", "has a control character" },
    { "LF in the value", "X: a\nY: b", "has a control character" },
    { "CR at the end", "X: a\r", "has a control character" },
    { "an escape in the value", "X: \033[2J", "has a control character" },
    { "DEL in the value", "X: \177", "has a control character" },
};

static void adding_a_field(void **state)
{
    const typeof(*fields) *row = *state;
    static struct proxy proxy;
    char wanted[256] = BASIC("dTpw");
    const char *wrong;

    assert_null(proxy_parse(&proxy, BYTES("u:p@proxy:1")));
    wrong = proxy_add_field(&proxy, row->field);
    if (row->wrong) {
        assert_non_null(wrong);
        assert_string_equal(wrong, row->wrong);
    } else {
        assert_null(wrong);
        strcat(strcat(wanted, row->field), "\r\n");
    }
    assert_string_equal(proxy.fields, wanted);
}

static void a_field_fits_exactly_or_not_at_all(void **state)
{
    static struct proxy proxy, before;
    char field[PROXY_FIELDS_SIZE + 1] = "X:";
    enum { FITS = PROXY_FIELDS_SIZE - 1 - 2 };

    (void)state;
    assert_null(proxy_parse(&proxy, BYTES("proxy:1")));
    memset(field + 2, 'v', FITS - 2 + 1);
    field[FITS + 1] = '\0';
    before = proxy;
    assert_string_equal(proxy_add_field(&proxy, field), "makes the request to this proxy too long");
    assert_memory_equal(&proxy, &before, sizeof proxy);
    field[FITS] = '\0';
    assert_null(proxy_add_field(&proxy, field));
    assert_int_equal(strlen(proxy.fields), PROXY_FIELDS_SIZE - 1);
    assert_string_equal(proxy_add_field(&proxy, "A:"), "makes the request to this proxy too long");
}

static const struct {
    const char *name, *words, *encoded;
} encoded[] = {
    { "nothing to encode", "aZ09-._~", "aZ09-._~" },
    { "what a URL would part", ":@/%?#", "%3A%40%2F%25%3F%23" },
    { "a blank and a quote", " \"", "%20%22" },
    { "UTF-8", "\303\274\377", "%C3%BC%FF" },
    { "the neighbours of letters and digits", "/:@[`{", "%2F%3A%40%5B%60%7B" },
};

static void encoding(void **state)
{
    const typeof(*encoded) *row = *state;
    char buffer[128];
    struct text out = text_in(buffer, sizeof buffer);

    proxy_add_encoded(&out, row->words);
    assert_string_equal(buffer, row->encoded);
}

static void what_is_encoded_parses_to_the_same(void **state)
{
    char password[PROXY_USER_MAX + 1], url[4 * PROXY_USER_MAX];
    struct text out = text_in(url, sizeof url);
    static struct proxy of_url, of_words;
    size_t size = 0;

    (void)state;
    for (int byte = 0x20; byte < 256; byte++)
        if (byte != 0x7f)
            password[size++] = (char)byte;
    password[size] = '\0';
    text_add(&out, "u:");
    proxy_add_encoded(&out, password);
    text_add(&out, "@proxy:1");
    assert_null(proxy_parse(&of_url, url, text_size(&out)));
    assert_null(proxy_parse(&of_words, BYTES("proxy:1")));
    assert_null(proxy_set_credentials(&of_words, "u", password));
    assert_string_equal(of_url.fields, of_words.fields);
}

int main(void)
{
    ROWS(urls, parsing);
    STORY(the_longest_credentials_fit);
    ROWS(credentials, setting_credentials);
    ROWS(fields, adding_a_field);
    STORY(a_field_fits_exactly_or_not_at_all);
    ROWS(encoded, encoding);
    STORY(what_is_encoded_parses_to_the_same);
    return rows_run("proxy");
}
