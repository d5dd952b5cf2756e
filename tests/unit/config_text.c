/* The configuration: how the text of a rule file is read, and what is wrong with it. */
#include "support/configs.h"
#include "support/folder.h"
#include "support/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHAT  "tunnel, direct, reject, proxy, default or another directive"
#define SCHEMES "auto, none, or some of negotiate, ntlm, digest and basic"
#define HOSTS "a domain, .DOMAIN, *.DOMAIN, '*', an IPv4 address or an IPv6 address in brackets"

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
    { "an address line that ends at once", "address",
      "f:1:8: expected the name of a proxy, not the end of the line\n" },
    { "an address line that ends with a blank", "address ",
      "f:1:8: expected the name of a proxy, not the end of the line\n" },
    { "the address of an address", "address 192.0.2.1 192.0.2.2",
      "f:1:9: expected the name of a proxy, not '192.0.2.1'\n" },
    { "a proxy's name alone", "address h.test", "f:1:15: expected an address, not the end of the line\n" },
    { "a name for a proxy's address", "address h.test 192.0.2.1 b.test",
      "f:1:26: expected up to 8 addresses, not 'b.test'\n" },
    { "nine addresses", "address h.test ::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8 ::9",
      "f:1:48: expected up to 8 addresses, not '::9'\n" },
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
    { "auth without a word", "auth", "f:1:5: expected " SCHEMES ", not the end of the line\n" },
    { "a scheme that is none", "auth kerberos", "f:1:6: expected " SCHEMES ", not 'kerberos'\n" },
    { "auto and another", "auth auto ntlm", "f:1:11: expected " SCHEMES ", not 'ntlm'\n" },
    { "another and auto", "auth ntlm auto", "f:1:11: expected " SCHEMES ", not 'auto'\n" },
    { "auth of a route that nobody defines", "auth n ntlm",
      "f:1:6: expected the name of a route that a 'proxy' line defines, not 'n'\n" },
    { "auth twice", "auth ntlm\nauth digest", "f:2:1: auth of this route is given twice, first in f:1\n" },
    { "service without a name", "service",
      "f:1:8: expected the name of a Kerberos service, such as HTTP@proxy.example.org, not the end of the line\n" },
    { "service with a blank", "service \"HTTP@a b\"",
      "f:1:9: expected the name of a Kerberos service, such as HTTP@proxy.example.org, not 'HTTP@a b'\n" },
    { "an agent that is nowhere", "agent run/agent",
      "f:1:7: expected the absolute path of ptunnel-agent's socket, not 'run/agent'\n" },
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
    variable_set("PTUNNEL_RULES", folder_text("f", text));
    assert_int_equal(config_try(&(const struct config *){ NULL }, NULL), -EINVAL);
    assert_string_equal(config_plain_words(), row->wrong);
}

static const struct {
    const char *name, *directive, *value, *wrong;
} option_errors[] = {
    { "a port", "tunnel", "a.test:0", "-o: expected a port between 1 and 65535, not '0'\n" },
    { "nothing", "direct", "",
      "-o: expected a pattern, such as example.org, .example.org:22 or 10.0.0.0/8, not the end of "
      "the line\n" },
    { "a word", "default", "proxy", "-o: expected direct, tunnel or reject, not 'proxy'\n" },
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
    assert_string_equal(config_plain_words(), row->wrong);
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
    variable_set("PTUNNEL_RULES", folder_file("f", row->bytes, row->size, 0600));
    if (strcmp(row->name, "quotes") ==
        0) { /* a backslash in front of anything else is itself, and in no name */
        assert_int_equal(config_try(&config, NULL), -EINVAL);
        assert_string_equal(config_plain_words(), "f:2:9: expected " HOSTS ", not 'a.te\\st'\n");
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
    variable_set("PTUNNEL_RULES", folder_file("f", text, sizeof text - 1, 0600));
    assert_int_equal(config_try(&(const struct config *){ NULL }, NULL), -EINVAL);
    assert_string_equal(config_plain_words(), "f:2:14: a NUL byte: this is no text\n"
                                              "f:3:3: a NUL byte: this is no text\n");
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
    variable_set("PTUNNEL_RULES", folder_file("f", text, (size_t)(at - text), 0600));
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
    variable_set("PTUNNEL_RULES", folder_text("f", text));
    free(text);
    assert_int_equal(config_try(&(const struct config *){ NULL }, NULL), -EINVAL);
    assert_in_range(strlen(config_words), WORDS_SIZE - 200, WORDS_SIZE - 1);
    assert_int_equal(config_words[strlen(config_words) - 1], '\n');
}

int main(void)
{
    int failed;

    if (!folder_make())
        return 1;
    ROWS(errors, is_refused);
    ROWS(option_errors, an_option_is_refused);
    ROWS(odd_texts, is_read);
    STORY(a_nul_byte_is_named);
    STORY(a_line_of_a_megabyte_is_read);
    STORY(errors_that_do_not_fit);
    failed = rows_run("config_text");
    folder_remove();
    return failed;
}
