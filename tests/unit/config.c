/* The configuration: what a rule file says and what is wrong with it, where files and proxies are found, whom
 * they are trusted from, and what is handed on. */
#include "support/configs.h"
#include "support/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64]; /* of this run */

/* A path in it; four at a time. */
static const char *path(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *out = paths[next++ % 4];

    snprintf(out, sizeof paths[0], "%s/%s", directory, name);
    return out;
}

static const char *file_of(const char *name, const char *bytes, size_t size, mode_t mode)
{
    const char *file = path(name);
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return file;
}

static const char *file(const char *name, const char *text)
{
    return file_of(name, text, strlen(text), 0600);
}

/* The words with the directory taken out. */
static const char *words(void)
{
    static char plain[WORDS_SIZE];
    struct text out = text_in(plain, sizeof plain);
    const char *at = config_words, *found;

    while ((found = strstr(at, directory)) != NULL) {
        text_add_bytes(&out, at, (size_t)(found - at));
        at = found + strlen(directory) + 1;
    }
    text_add(&out, at);
    return plain;
}

#define WHAT  "tunnel, direct, reject, proxy, default or another directive"
#define HOSTS "a domain, .DOMAIN, *.DOMAIN, '*', an IPv4 address or an IPv6 address in brackets"
#define PROXY "proxy proxy.test:3128\n"

static const struct {
    const char *name, *rules, *wrong;
} errors[] = {
    { "a misspelt directive", "tunel a.test",
      "f:1:1: expected " WHAT ", not 'tunel': did you mean 'tunnel'?\n" },
    { "a misspelt setting", "\n  resolver allow",
      "f:2:3: expected " WHAT ", not 'resolver': did you mean 'resolvers'?\n" },
    { "another case", "Direct a.test", "f:1:1: expected " WHAT ", not 'Direct': did you mean 'direct'?\n" },
    { "a word like no other", "example.org", "f:1:1: expected " WHAT ", not 'example.org'\n" },
    { "a directive in quotes", "\"direct\" a.test",
      "f:1:1: expected " WHAT ", not 'direct': did you mean 'direct'?\n" },
    { "no pattern", "direct",
      "f:1:7: expected a pattern, such as example.org, .example.org:22 or 10.0.0.0/8, not the end "
      "of the line\n" },
    { "no pattern before via", "proxy b b:1\ntunnel via b",
      "f:2:8: expected a pattern, such as example.org, .example.org:22 or 10.0.0.0/8, not 'via'\n" },
    { "via nothing", "tunnel a.test via",
      "f:1:18: expected the name of a route behind 'via', not the end of the line\n" },
    { "via what is not there", "tunnel a.test via b",
      "f:1:19: expected the name of a route that a 'proxy' line defines, not 'b'\n" },
    { "behind via", "proxy b b:1\ntunnel a.test via b c", "f:2:21: expected the end of the line, not 'c'\n" },
    { "a port that is too high", "direct a.test:99999",
      "f:1:15: expected a port between 1 and 65535, not '99999'\n" },
    { "port 0", "direct a.test:22,0", "f:1:18: expected a port between 1 and 65535, not '0'\n" },
    { "a port that is no number", "direct a.test:ssh",
      "f:1:15: expected a port between 1 and 65535, not 'ssh'\n" },
    { "no port", "direct a.test:", "f:1:8: expected a port behind ':', not 'a.test:'\n" },
    { "a range without an end", "direct a.test:1-", "f:1:17: expected a port between 1 and 65535, not ''\n" },
    { "a range backwards", "direct a.test:9-1",
      "f:1:15: expected a range whose first port is not above its last, not '9-1'\n" },
    { "a label that is empty", "direct a..test", "f:1:8: expected " HOSTS ", not 'a..test'\n" },
    { "an asterisk within", "direct a*.test", "f:1:8: expected " HOSTS ", not 'a*.test'\n" },
    { "a URL", "direct http://a.test/", "f:1:13: expected a port between 1 and 65535, not '//a.test/'\n" },
    { "bytes that no name has",
      "direct b\xc3\xbc"
      "cher.test",
      "f:1:8: expected " HOSTS ", not 'b\\xc3\\xbccher.test'\n" },
    { "half an address", "direct 10.0.0", "f:1:8: expected an IPv4 address, not '10.0.0'\n" },
    { "an address out of range", "direct 10.0.0.256/8",
      "f:1:8: expected an IPv4 address, not '10.0.0.256'\n" },
    { "a prefix that is too long", "direct 10.0.0.0/33:80",
      "f:1:17: expected a prefix length from 0 to 32, not '33'\n" },
    { "an IPv6 prefix that is too long", "direct [::1]/129",
      "f:1:14: expected a prefix length from 0 to 128, not '129'\n" },
    { "IPv6 without brackets", "direct 2001:db8::1",
      "f:1:8: expected an IPv6 address in brackets, such as [2001:db8::1], not '2001:db8::1'\n" },
    { "a bracket that is open", "direct [::1",
      "f:1:8: expected a ']' behind the IPv6 address, not '[::1'\n" },
    { "no IPv6 in brackets", "direct [10.0.0.1]",
      "f:1:9: expected an IPv6 address between '[' and ']', not '10.0.0.1'\n" },
    { "behind brackets", "direct [::1]x", "f:1:13: expected ':' and ports behind the host, not 'x'\n" },
    { "quotes that are open", "direct \"a.test",
      "f:1:15: expected a closing '\"', not the end of the line\n" },
    { "quotes without a blank behind", "direct \"a.test\"b",
      "f:1:16: expected a blank behind the closing '\"', not 'b'\n" },
    { "a setting twice", "default direct\n\ndefault tunnel",
      "f:3:1: 'default' is given twice, first in f:1\n" },
    { "a setting without a value", "names", "f:1:6: expected proxy or local, not the end of the line\n" },
    { "another value", "fallback tunnel", "f:1:10: expected none or direct, not 'tunnel'\n" },
    { "two values", "loopback direct tunnel", "f:1:17: expected the end of the line, not 'tunnel'\n" },
    { "default via nothing", "default tunnel via",
      "f:1:16: expected 'via' and the name of a route, not 'via'\n" },
    { "seconds that are none", "timeout 1.5", "f:1:9: expected whole seconds from 1 to 86400, not '1.5'\n" },
    { "no second", "attempt 0", "f:1:9: expected whole seconds from 1 to 86400, not '0'\n" },
    { "a range that is too small", "stand-ins 198.18.0.0/25",
      "f:1:11: expected a range of addresses: IPV4/8 to /24, [IPV6]/8 to /112, not '198.18.0.0/25'\n" },
    { "two ranges of a family", "stand-ins 198.18.0.0/16 10.0.0.0/8",
      "f:1:25: expected at most one range of IPv4 and one of IPv6, not '10.0.0.0/8'\n" },
    { "no proxy", "proxy",
      "f:1:6: expected a proxy URL, such as http://proxy.example.org:3128, not the end of the line\n" },
    { "a proxy without a port", "proxy proxy.test",
      "f:1:7: expected the name of a route, or a URL with a port (proxy.example.org:3128), not "
      "'proxy.test'\n" },
    { "a proxy's port", "proxy b a.test:99999", "f:1:9: proxy URL: port is not between 1 and 65535\n" },
    { "a proxy twice", "proxy b b:1\nproxy b c:1", "f:2:7: this route is given twice, first in f:1\n" },
    { "the default proxy twice", "proxy b:1\nproxy c:1",
      "f:2:7: the default route is given twice, first in f:1\n" },
    { "credentials that are not there", "credentials none",
      "f:1:13: 'none': cannot be read: no such file\n" },
    { "a header without quotes", "header X-A:b",
      "f:1:8: expected a header field in quotes, \"Name: value\"\n" },
    { "a header that is none", "header \"X A: b\"",
      "f:1:8: header field: is not a header field: 'Name: value'\n" },
    { "a header of the request", "header \"Host: b\"",
      "f:1:8: header field: this field belongs to the request itself\n" },
    { "an include that is not there", "include none", "f:1:9: 'none': cannot be read: no such file\n" },
    { "an include of itself", "include f", "f:1:9: 'f': includes itself, here or by way of other files\n" },
    { "an include of nothing", "include",
      "f:1:8: expected the path of a rule file, not the end of the line\n" },
    { "an include of a directory", "include .", "f:1:9: '.': is not a regular file\n" },
    { "a home that is not there", "include ~/a",
      "f:1:9: '~/' is $HOME, which is not set to an absolute path\n" },
    { "rules without a default", "direct a.test",
      "f: a file with rules needs a 'default' line for what they do not name: default tunnel, default direct "
      "or "
      "default reject\n" },
    { "all at once", "tunel\ndirect a.test:0 10.0.0.0/99 b..\nnames x\ntimeout\n",
      "f:1:1: expected " WHAT ", not 'tunel': did you mean 'tunnel'?\n"
      "f:2:15: expected a port between 1 and 65535, not '0'\n"
      "f:2:26: expected a prefix length from 0 to 32, not '99'\n"
      "f:2:29: expected " HOSTS ", not 'b..'\n"
      "f:3:7: expected proxy or local, not 'x'\n"
      "f:4:8: expected whole seconds from 1 to 86400, not the end of the line\n" },
};

static void is_refused(void **state)
{
    const typeof(*errors) *row = *state;
    char text[1024];
    bool whole = strstr(row->wrong, "needs a 'default'") || strstr(row->rules, "default ");

    snprintf(text, sizeof text, "%s\n%s%s", row->rules, whole ? "" : "default direct\n",
             strstr(row->rules, "proxy") ? "" : PROXY);
    variables_clear();
    variable_set("PTUNNEL_RULES", file("f", text));
    assert_int_equal(config_try(&(const struct config *){ NULL }, NULL), -EINVAL);
    assert_string_equal(words(), row->wrong);
}

static const struct {
    const char *name, *directive, *value, *wrong;
} option_errors[] = {
    { "a port", "tunnel", "a.test:0", "-o: expected a port between 1 and 65535, not '0'\n" },
    { "nothing", "direct", "",
      "-o: expected a pattern, such as example.org, .example.org:22 or 10.0.0.0/8, not the end of "
      "the line\n" },
    { "a word", "default", "proxy", "-o: expected tunnel, direct or reject, not 'proxy'\n" },
    { "a second line", "tunnel", "a.test\nproxy evil:1", "-o: a line end in the value\n" },
};

static void an_option_is_refused(void **state)
{
    const typeof(*option_errors) *row = *state;
    struct config_option option = { "-o", row->directive, row->value };
    struct config_options options = { .rows = &option, .count = 1, .rules = "" };

    variables_clear();
    variable_set("PTUNNEL_PROXY", "proxy.test:3128");
    assert_int_equal(config_try(&(const struct config *){ NULL }, &options), -EINVAL);
    assert_string_equal(words(), row->wrong);
}

static const struct {
    const char *name, *bytes;
    size_t size;
} odd_texts[] = {
#define BYTES(text) text, sizeof text - 1
    { "plain", BYTES(PROXY "tunnel a.test\ndefault direct\n") },
    { "CRLF", BYTES("proxy proxy.test:3128\r\ntunnel a.test\r\ndefault direct\r\n") },
    { "a byte order mark", BYTES("\xef\xbb\xbf" PROXY "tunnel a.test\ndefault direct\n") },
    { "no line end at the end", BYTES(PROXY "tunnel a.test\ndefault direct") },
    { "blank lines, tabs and comments",
      BYTES("# here\n\n \t\n" PROXY "\ttunnel\ta.test # there\n default  direct #\n") },
    { "quotes", BYTES("proxy \"proxy.test:3128\"\ntunnel \"a.te\\st\" \"a.test\"\ndefault direct\n") },
#undef BYTES
};

static void is_read(void **state)
{
    const typeof(*odd_texts) *row = *state;
    struct endpoint target = target_of("a.test:22"), other = target_of("b.test:22");
    const struct config *config = NULL;

    variables_clear();
    variable_set("PTUNNEL_RULES", file_of("f", row->bytes, row->size, 0600));
    if (strcmp(row->name, "quotes") ==
        0) { /* a backslash in front of anything else is itself, and in no name */
        assert_int_equal(config_try(&config, NULL), -EINVAL);
        assert_string_equal(words(), "f:2:9: expected " HOSTS ", not 'a.te\\st'\n");
        return;
    }
    assert_int_equal(config_try(&config, NULL), 0);
    assert_int_equal(config_decide(config, &target).verdict, VERDICT_TUNNEL);
    assert_int_equal(config_decide(config, &other).verdict, VERDICT_DIRECT);
}

static void a_nul_byte_is_named(void **state)
{
    static const char text[] = PROXY "direct a.test\0\n# \0\ndefault direct\n";

    (void)state;
    variables_clear();
    variable_set("PTUNNEL_RULES", file_of("f", text, sizeof text - 1, 0600));
    assert_int_equal(config_try(&(const struct config *){ NULL }, NULL), -EINVAL);
    assert_string_equal(words(), "f:2:14: a NUL byte: this is no text\nf:3:3: a NUL byte: this is no text\n");
}

static void a_line_of_a_megabyte_is_read(void **state)
{
    enum { SIZE = 1 << 20, NAMES = SIZE / 10 };
    char *text = malloc(SIZE + 256), *at = text;
    struct endpoint last = target_of("n000000.a:1");
    const struct config *config = NULL;

    (void)state;
    assert_non_null(text);
    at += sprintf(at, PROXY "default direct\ntunnel");
    for (int i = 0; i < NAMES; i++)
        at += sprintf(at, " n%06d.a", i);
    variables_clear();
    variable_set("PTUNNEL_RULES", file_of("f", text, (size_t)(at - text), 0600));
    free(text);
    assert_int_equal(config_try(&config, NULL), 0);
    snprintf(last.host, sizeof last.host, "n%06d.a", NAMES - 1);
    assert_int_equal(config_decide(config, &last).verdict, VERDICT_TUNNEL);
    last.host[1] = 'x';
    assert_int_equal(config_decide(config, &last).verdict, VERDICT_DIRECT);
}

/* What does not fit is left out by the line, not cut. */
static void errors_that_do_not_fit(void **state)
{
    char *text = malloc(100000 * 4 + 1);

    (void)state;
    assert_non_null(text);
    for (int i = 0; i < 100000; i++)
        memcpy(text + 4 * i, "xyz\n", 5);
    variables_clear();
    variable_set("PTUNNEL_RULES", file("f", text));
    free(text);
    assert_int_equal(config_try(&(const struct config *){ NULL }, NULL), -EINVAL);
    assert_in_range(strlen(config_words), WORDS_SIZE - 200, WORDS_SIZE - 1);
    assert_int_equal(config_words[strlen(config_words) - 1], '\n');
}

/* The search: which of these files is used. */
static const struct {
    const char *name, *rules, *xdg, *home, *found;
} searches[] = {
    { "what is named", "named", "x", "h", "named" },
    { "$XDG_CONFIG_HOME", NULL, "x", "h", "x/ptunnel/rules" },
    { "$HOME", NULL, NULL, "h", "h/.config/ptunnel/rules" },
    { "$HOME when the other has none", NULL, "h", "h", "h/.config/ptunnel/rules" },
    { "an empty base is skipped", NULL, "", "h", "h/.config/ptunnel/rules" },
    { "a relative base is skipped", NULL, "../relative", "h", "h/.config/ptunnel/rules" },
    { "empty is none", "", "x", "h", NULL },
};

static void make_search_files(void)
{
    static const char *const directories[] = { "x", "x/ptunnel", "h", "h/.config", "h/.config/ptunnel" };

    for (size_t i = 0; i < COUNT(directories); i++)
        assert_true(mkdir(path(directories[i]), 0700) == 0 || errno == EEXIST);
    file("named", PROXY);
    file("x/ptunnel/rules", PROXY);
    file("h/.config/ptunnel/rules", PROXY);
}

static void is_found(void **state)
{
    const typeof(*searches) *row = *state;
    const struct config *config = NULL;
    char rules[128], xdg[128], home[128];

    make_search_files();
    variables_clear();
    snprintf(rules, sizeof rules, "%s", row->rules && *row->rules ? path(row->rules) : "");
    snprintf(xdg, sizeof xdg, "%s",
             row->xdg && *row->xdg && *row->xdg != '.' ? path(row->xdg)
             : row->xdg                                ? row->xdg
                                                       : "");
    snprintf(home, sizeof home, "%s", path(row->home));
    variable_set("PTUNNEL_RULES", row->rules ? rules : NULL);
    variable_set("XDG_CONFIG_HOME", row->xdg ? xdg : NULL);
    variable_set("HOME", home);
    variable_set("https_proxy", "other.test:1");
    assert_int_equal(config_try(&config, NULL), 0);
    if (row->found)
        assert_string_equal(config_file(config), path(row->found));
    else
        assert_null(config_file(config));
}

/* Whose files are believed. */
static const struct {
    const char *name, *text;
    mode_t mode;
    bool foreign;
    const char *wrong;
} trusts[] = {
    { "one's own", PROXY, 0600, false, "" },
    { "one's own that others may read", PROXY, 0644, false, "" },
    { "that the group may write", PROXY, 0620, false,
      "PTUNNEL_RULES: 'f': others may write to it: chmod go-w it\n" },
    { "that all may write", PROXY, 0606, false,
      "PTUNNEL_RULES: 'f': others may write to it: chmod go-w it\n" },
    { "another user's", PROXY, 0644, true,
      "PTUNNEL_RULES: 'f': belongs to another user: it must be your own or root's\n" },
    { "a password", "proxy http://u:p@proxy.test:1\n", 0600, false, "" },
    { "a password that others may read", "proxy http://u:p@proxy.test:1\n", 0640, false,
      "f:1:7: others may read the secret here: chmod 600 the file\n" },
    { "a user name that others may read", "proxy http://u@proxy.test:1\n", 0644, false, "" },
    { "a header that others may read", PROXY "header \"X-Token: secret\"\n", 0644, false,
      "f:2:8: others may read the secret here: chmod 600 the file\n" },
    { "credentials", PROXY "credentials private\n", 0644, false, "" },
    { "credentials that others may read", PROXY "credentials public\n", 0600, false,
      "f:2:13: 'public': others may read the password in it: chmod 600 it\n" },
    { "credentials without a password", PROXY "credentials incomplete\n", 0600, false,
      "incomplete: expected USER:PASSWORD in its first line\n" },
};

static void is_believed(void **state)
{
    const typeof(*trusts) *row = *state;

    if (row->foreign && geteuid() != 0) {
        skip();
        return;
    }
    file("private", "u:p\n");
    file_of("public", "u:p\n", 4, 0644);
    file("incomplete", "just-a-user\n");
    variables_clear();
    variable_set("PTUNNEL_RULES", file_of("f", row->text, strlen(row->text), row->mode));
    if (row->foreign)
        assert_int_equal(chown(path("f"), 12345, 12345), 0);
    config_try(&(const struct config *){ NULL }, NULL);
    unlink(path("f"));
    assert_string_equal(words(), row->wrong);
}

/* Where the proxy comes from, and whether $no_proxy holds. */
static const struct {
    const char *name, *set[6], *proxy;
    bool no_proxy;
} proxies[] = {
    { "PTUNNEL_PROXY",
      { "PTUNNEL_PROXY", "a:1", "PTUNNEL_CONFIG", "proxy b:1", "https_proxy", "c:1" },
      "a:1",
      false },
    { "the file", { "PTUNNEL_CONFIG", "proxy b:1", "https_proxy", "c:1" }, "b:1", false },
    { "https_proxy", { "https_proxy", "c:1", "all_proxy", "d:1" }, "c:1", true },
    { "HTTPS_PROXY", { "HTTPS_PROXY", "c:1", "all_proxy", "d:1" }, "c:1", true },
    { "all_proxy", { "all_proxy", "d:1", "http_proxy", "e:1" }, "d:1", true },
    { "http_proxy", { "http_proxy", "http://e", "PTUNNEL_PROXY", " " }, "e:80", true },
    { "not HTTP_PROXY", { "HTTP_PROXY", "e:1" }, NULL, false },
};

static void is_the_proxy(void **state)
{
    const typeof(*proxies) *row = *state;
    struct endpoint target = target_of("www.a.test:443");
    const struct config *config = NULL;
    struct decision decision;
    char authority[ENDPOINT_TEXT_SIZE];

    variables_clear();
    variable_set("PTUNNEL_RULES", "");
    variable_set("no_proxy", "a.test");
    for (size_t i = 0; i < COUNT(row->set) && row->set[i]; i += 2)
        variable_set(row->set[i], row->set[i + 1]);
    assert_int_equal(config_try(&config, NULL), row->proxy ? 0 : -ENOENT);
    if (!row->proxy)
        return;
    endpoint_print(&config_route(config, 0)->route.candidates[0].proxy.at, authority);
    assert_string_equal(authority, row->proxy);
    decision = config_decide(config, &target);
    assert_int_equal(decision.verdict, row->no_proxy ? VERDICT_DIRECT : VERDICT_TUNNEL);
}

/* As curl 8 answers for the same words. */
static const struct {
    const char *name, *list, *target;
    bool direct;
} no_proxies[] = {
    { "a name", "example.org", "example.org:80", true },
    { "below a name", "example.org", "www.example.org:80", true },
    { "not what ends alike", "example.org", "anexample.org:80", false },
    { "a dot in front: below", ".example.org", "www.example.org:80", true },
    { "a dot in front: the name", ".example.org", "example.org:80", true },
    { "a dot behind", "example.org.", "www.example.org:80", true },
    { "case", "EXAMPLE.org", "www.example.ORG:80", true },
    { "commas", "a.test,example.org,b.test", "example.org:80", true },
    { "commas and blanks", "a.test, example.org , b.test", "b.test:80", true },
    { "blanks", "a.test example.org", "example.org:80", true },
    { "an asterisk alone", "*", "example.org:80", true },
    { "an asterisk among others", "a.test,*", "example.org:80", false },
    { "an asterisk and a name", "*.example.org", "www.example.org:80", false },
    { "an address", "192.0.2.7", "192.0.2.7:80", true },
    { "another address", "192.0.2.7", "192.0.2.8:80", false },
    { "a range", "10.0.0.0/8", "10.255.0.1:80", true },
    { "outside a range", "10.0.0.0/8", "11.0.0.1:80", false },
    { "a range of no bits is one address", "192.0.2.7/0", "192.0.2.8:80", false },
    { "a range with too many bits", "192.0.2.7/33", "192.0.2.7:80", false },
    { "IPv6", "2001:db8::1", "[2001:db8::1]:80", true },
    { "a range of IPv6", "2001:db8::/32", "[2001:db8:1::1]:80", true },
    { "IPv6 in brackets: curl takes it for a name", "[2001:db8::1]", "[2001:db8::1]:80", false },
    { "part of an address", "0.2.7", "192.0.2.7:80", false },
    { "a port is part of no name", "example.org:80", "example.org:80", false },
    { "nothing", "", "example.org:80", false },
};

static void no_proxy(void **state)
{
    const typeof(*no_proxies) *row = *state;
    struct endpoint target = target_of(row->target);
    const struct config *config = NULL;

    variables_clear();
    variable_set("PTUNNEL_RULES", "");
    variable_set("https_proxy", "proxy.test:3128");
    variable_set("NO_PROXY", row->list);
    assert_int_equal(config_try(&config, NULL), 0);
    assert_int_equal(config_decide(config, &target).verdict, row->direct ? VERDICT_DIRECT : VERDICT_TUNNEL);
}

/* "u:p" is dTpw, "f:p" is Zjpw, in base64. */
static const struct {
    const char *name, *variable, *rules;
    const char *first, *second, *named; /* the fields that the proxies are told */
} secrets[] = {
    { "its own", NULL, "proxy u:p@a:1 b:1\nproxy n c:1\n", "Proxy-Authorization: Basic dTpw\r\n", "", "" },
    { "its route's", NULL, "proxy u:p@a:1 b:1\nproxy n c:1\ncredentials file\n",
      "Proxy-Authorization: Basic dTpw\r\n", "Proxy-Authorization: Basic Zjpw\r\n", "" },
    { "another route's", NULL, "credentials n file\nproxy a:1 b:1\nproxy n c:1\n", "", "",
      "Proxy-Authorization: Basic Zjpw\r\n" },
    { "not a file's for another proxy", "a:1 b:1", "proxy d:1\nproxy n c:1\ncredentials file\n", "", "", "" },
    { "fields", NULL,
      "proxy a:1 b:1\nproxy n c:1\nheader \"X: \\\"1\\\"\"\nheader \"Y: 2\"\nheader n \"Z: 3\"\n",
      "X: \"1\"\r\nY: 2\r\n", "X: \"1\"\r\nY: 2\r\n", "Z: 3\r\n" },
    { "fields of a proxy that is named elsewhere too", "a:1 b:1", "proxy b:1\nproxy n c:1\nheader \"X: 1\"\n",
      "", "X: 1\r\n", "" },
};

static void is_told(void **state)
{
    const typeof(*secrets) *row = *state;
    const struct config *config = NULL;

    file("file", "f:p\r\n");
    variables_clear();
    variable_set("PTUNNEL_PROXY", row->variable);
    variable_set("PTUNNEL_RULES", file("f", row->rules));
    assert_int_equal(config_try(&config, NULL), 0);
    assert_string_equal(config_route(config, 0)->route.candidates[0].proxy.fields, row->first);
    assert_string_equal(config_route(config, 0)->route.candidates[1].proxy.fields, row->second);
    assert_string_equal(config_route(config, 1)->route.candidates[0].proxy.fields, row->named);
}

static void settings(void **state)
{
    static const char text[] =
        "default tunnel via b\nproxy b b:1\nfallback direct\nnames local\nresolvers refuse\n"
        "loopback tunnel\ntimeout 7\nattempt 3\nchildren refuse\nstand-ins [fd00:1::]/64 10.96.0.0/12\n";
    static const long values[] = {
        [CONFIG_DEFAULT] = VERDICT_TUNNEL,
        [CONFIG_FALLBACK] = 1,
        [CONFIG_NAMES] = NAMES_LOCAL,
        [CONFIG_RESOLVERS] = 1,
        [CONFIG_LOOPBACK] = 1,
        [CONFIG_TIMEOUT] = 7,
        [CONFIG_ATTEMPT] = 3,
        [CONFIG_CHILDREN] = 1,
        [CONFIG_STAND_INS] = 0,
    };
    _Static_assert(COUNT(values) == CONFIG_SETTINGS, "a setting is not tested");
    const struct config *config;

    (void)state;
    variables_clear();
    config = config_of(text);
    for (int i = 0; i < CONFIG_SETTINGS; i++)
        assert_int_equal(config_setting(config, (enum config_setting)i)->value, values[i]);
    assert_int_equal(config_setting(config, CONFIG_ATTEMPT)->at.line, 8);
    assert_int_equal(config_limits(config)->timeout, 7000);
    assert_int_equal(config_limits(config)->attempt, 3000);
    assert_true(config_limits(config)->fallback_direct);
    assert_int_equal(config_stand_ins(config, AF_INET)->bits, 96 + 12);
    assert_int_equal(config_stand_ins(config, AF_INET)->first.s6_addr[13], 96);
    assert_int_equal(config_stand_ins(config, AF_INET6)->bits, 64);
    assert_int_equal(config_stand_ins(config, AF_INET6)->first.s6_addr[3], 1);
}

/* What options say comes first; so it does once it was handed on as one text. */
static void options_come_first(void **state)
{
    static const struct config_option rows[] = {
        { "-x", "reject", "a.test:25" },      { "-t", "tunnel", ".a.test" },
        { "--default", "default", "reject" }, { "--timeout", "timeout", "5" },
        { "-p", "proxy", "first:1 last:1" },
    };
    const struct config_options options = { .rows = rows, .count = COUNT(rows), .rules = path("f") };
    static char text[128 * 1024];
    struct text out = text_in(text, sizeof text);
    const struct config *before = NULL, *after = NULL;
    static const char *const targets[] = { "a.test:25", "a.test:26", "b.test:80",
                                           "c.test:80", "d.test:1",  "e.test:1" };

    (void)state;
    file("f", "include \"g h\"\ndefault direct\ndirect a.test c.test # here\ntimeout 9\nproxy file:1\n");
    file("g h", "tunnel d.test via n\nproxy n n:1\ncredentials n file\n");
    file("file", "f:p");
    variables_clear();
    assert_int_equal(config_try(&before, &options), 0);
    assert_int_equal(config_write(before, &options, &out), WRITTEN);
    assert_true(config_proxy_is_handed(before));
    variable_set("PTUNNEL_PROXY", config_route(before, 0)->urls);
    after = config_of(text);
    assert_int_equal(config_limits(before)->timeout, 5000);
    assert_int_equal(config_limits(after)->timeout, 5000);
    assert_string_equal(config_route(after, 1)->route.candidates[0].proxy.fields,
                        "Proxy-Authorization: Basic Zjpw\r\n");
    for (size_t i = 0; i < COUNT(targets); i++) {
        static const char *const wanted[] = { "reject", "tunnel", "reject", "direct", "tunnel n", "reject" };
        struct endpoint target = target_of(targets[i]);
        struct decision first = config_decide(before, &target), second = config_decide(after, &target);

        assert_string_equal(decision_words(&first), wanted[i]);
        assert_string_equal(decision_words(&second), wanted[i]);
    }
    assert_null(strstr(text, "include"));
}

/* A secret stays in its file; what is too long as well. */
static void what_is_not_copied(void **state)
{
    const struct config_options options = { .rules = path("f") };
    static char text[128 * 1024], big[80 * 1024] = PROXY "default direct\n";
    struct text out = text_in(text, sizeof text);
    const struct config *config = NULL;
    char *at = big + strlen(big);

    (void)state;
    variables_clear();
    file("f", "include g\n" PROXY);
    file("g", "proxy n u:secret@n:1\n");
    assert_int_equal(config_try(&config, &options), 0);
    assert_int_equal(config_write(config, &options, &out), WRITTEN);
    assert_null(strstr(text, "secret"));
    assert_non_null(strstr(text, "include \""));
    assert_non_null(strstr(text, PROXY));
    while (at < big + 70 * 1024)
        at += sprintf(at, "direct n%u.test\n", (unsigned)(at - big));
    file("f", big);
    out = text_in(text, sizeof text);
    assert_int_equal(config_try(&config, &options), 0);
    assert_int_equal(config_write(config, &options, &out), WRITTEN);
    assert_string_equal(strstr(text, "include \"") + strlen("include \"") + strlen(directory), "/f\"\n");
}

/* A *_proxy variable and $no_proxy are handed on too. */
static void shared_variables_are_written(void **state)
{
    const struct config_options options = { .rules = "" };
    static char text[1024];
    struct text out = text_in(text, sizeof text);
    const struct config *config = NULL;

    (void)state;
    variables_clear();
    variable_set("https_proxy", "proxy.test");
    variable_set("no_proxy", "a.test,10.0.0.0/8, ::1");
    assert_int_equal(config_try(&config, &options), 0);
    assert_int_equal(config_write(config, &options, &out), WRITTEN);
    assert_false(config_proxy_is_handed(config));
    assert_string_equal(text,
                        "default tunnel\nproxy http://proxy.test:3128\ndirect .a.test\ndirect 10.0.0.0/8\n"
                        "direct [::1]\n");
}

/* That an option or a variable speaks of the same does not make the file right. */
static void what_a_file_says_twice(void **state)
{
    static const struct config_option row = { "--default", "default", "direct" };
    const struct config_options options = { .rows = &row, .count = 1, .rules = path("f") };

    (void)state;
    file("f", "default direct\nproxy a:1\nproxy b:1\ndefault direct\n");
    variables_clear();
    variable_set("PTUNNEL_PROXY", "c:1");
    assert_int_equal(config_try(&(const struct config *){ NULL }, &options), -EINVAL);
    assert_string_equal(words(), "f:3:7: the default route is given twice, first in f:2\n"
                                 "f:4:1: 'default' is given twice, first in f:1\n");
}

static void urls_are_kept_without_quotes(void **state)
{
    (void)state;
    variables_clear();
    assert_string_equal(config_route(config_of("proxy \"a:1\"   http://u@b:2 # c:3\n"), 0)->urls,
                        "a:1 http://u@b:2");
}

static void without_a_default(void **state)
{
    static const struct config_option tunnel = { "-t", "tunnel", "a.test" },
                                      direct = { "-n", "direct", "a.test" };
    struct config_options options = { .rows = &tunnel, .count = 1, .rules = "" };
    const struct config *config = NULL;

    (void)state;
    variables_clear();
    variable_set("PTUNNEL_PROXY", "proxy.test:3128");
    assert_int_equal(config_try(&config, &options), 0);
    assert_int_equal(config_setting(config, CONFIG_DEFAULT)->value, VERDICT_DIRECT);
    options.rows = &direct;
    assert_int_equal(config_try(&config, &options), 0);
    assert_int_equal(config_setting(config, CONFIG_DEFAULT)->value, VERDICT_TUNNEL);
}

/* A proxy is missed only where it is needed. */
static void no_proxy_is_known(void **state)
{
    const struct config *config = NULL;

    (void)state;
    variables_clear();
    variable_set("PTUNNEL_RULES", "");
    assert_int_equal(config_try(&config, NULL), -ENOENT);
    assert_null(config);
    config_of("tunnel a.test via b\nproxy b b:1\ndefault direct\n");
    config_of("default reject\n");
    variable_set("PTUNNEL_CONFIG", "tunnel a.test\ndefault direct\n");
    assert_int_equal(config_try(&config, NULL), -ENOENT);
}

static void remove_directory(void)
{
    static const char *const names[] = { "f",
                                         "g",
                                         "g h",
                                         "file",
                                         "private",
                                         "public",
                                         "incomplete",
                                         "named",
                                         "x/ptunnel/rules",
                                         "h/.config/ptunnel/rules",
                                         "x/ptunnel",
                                         "x",
                                         "h/.config/ptunnel",
                                         "h/.config",
                                         "h",
                                         "" };

    for (size_t i = 0; i < COUNT(names); i++)
        remove(path(names[i]));
}

int main(void)
{
    const char *temporary = getenv("TMPDIR");
    int result;

    snprintf(directory, sizeof directory, "%.40s/config.XXXXXX", temporary ? temporary : "/tmp");
    if (!mkdtemp(directory))
        return 1;
    ROWS(errors, is_refused);
    ROWS(option_errors, an_option_is_refused);
    ROWS(odd_texts, is_read);
    STORY(a_nul_byte_is_named);
    STORY(a_line_of_a_megabyte_is_read);
    STORY(errors_that_do_not_fit);
    ROWS(searches, is_found);
    ROWS(trusts, is_believed);
    ROWS(proxies, is_the_proxy);
    ROWS(no_proxies, no_proxy);
    ROWS(secrets, is_told);
    STORY(settings);
    STORY(options_come_first);
    STORY(what_is_not_copied);
    STORY(shared_variables_are_written);
    STORY(what_a_file_says_twice);
    STORY(urls_are_kept_without_quotes);
    STORY(without_a_default);
    STORY(no_proxy_is_known);
    result = rows_run("config");
    remove_directory();
    return result;
}
