/* The configuration: what settings, options and variables mean, and what is handed on. */
#include "support/configs.h"
#include "support/folder.h"
#include "support/rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

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

    folder_text("file", "f:p\r\n");
    variables_clear();
    variable_set("PTUNNEL_PROXY", row->variable);
    variable_set("PTUNNEL_RULES", folder_text("f", row->rules));
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
    assert_int_equal(config_stand_ins(config)->v4_bits, 12);
    assert_int_equal(config_stand_ins(config)->v4.s6_addr[13], 96);
    assert_int_equal(config_stand_ins(config)->v6_bits, 64);
    assert_int_equal(config_stand_ins(config)->v6.s6_addr[3], 1);
}

/* What options say comes first; so it does once it was handed on as one text. */
static void options_come_first(void **state)
{
    static const struct config_option rows[] = {
        { "-x", "reject", "a.test:25" },      { "-t", "tunnel", ".a.test" },
        { "--default", "default", "reject" }, { "--timeout", "timeout", "5" },
        { "-p", "proxy", "first:1 last:1" },
    };
    const struct config_options options = { .rows = rows, .count = COUNT(rows), .rules = folder_path("f") };
    static char text[128 * 1024];
    struct text out = text_in(text, sizeof text);
    const struct config *before = NULL, *after = NULL;
    static const char *const targets[] = { "a.test:25", "a.test:26", "b.test:80",
                                           "c.test:80", "d.test:1",  "e.test:1" };

    (void)state;
    folder_text("f", "include \"g h\"\ndefault direct\ndirect a.test c.test # here\ntimeout 9\nproxy file:1\n");
    folder_text("g h", "tunnel d.test via n\nproxy n n:1\ncredentials n file\n");
    folder_text("file", "f:p");
    variables_clear();
    assert_int_equal(config_try(&before, &options), 0);
    assert_int_equal(config_write(before, &options, &out), WRITTEN);
    assert_true(config_proxy_is_handed(before));
    variable_set("PTUNNEL_PROXY", config_route(before, 0)->urls);
    after = config_of(text + strlen(CONFIG_HEADER));
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
    const struct config_options options = { .rules = folder_path("f") };
    static char text[128 * 1024], big[80 * 1024] = PROXY "default direct\n";
    struct text out = text_in(text, sizeof text);
    const struct config *config = NULL;
    char *at = big + strlen(big);

    (void)state;
    variables_clear();
    folder_text("f", "include g\n" PROXY);
    folder_text("g", "proxy n u:secret@n:1\n");
    assert_int_equal(config_try(&config, &options), 0);
    assert_int_equal(config_write(config, &options, &out), WRITTEN);
    assert_null(strstr(text, "secret"));
    assert_non_null(strstr(text, "include \""));
    assert_non_null(strstr(text, PROXY));
    while (at < big + 70 * 1024)
        at += sprintf(at, "direct n%u.test\n", (unsigned)(at - big));
    folder_text("f", big);
    out = text_in(text, sizeof text);
    assert_int_equal(config_try(&config, &options), 0);
    assert_int_equal(config_write(config, &options, &out), WRITTEN);
    assert_string_equal(strstr(text, "include \"") + strlen("include \"") + strlen(folder), "/f\"\n");
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
                        CONFIG_HEADER "default tunnel\nproxy http://proxy.test:3128\ndirect .a.test\ndirect 10.0.0.0/8\n"
                        "direct [::1]\n");
}

/* That an option or a variable speaks of the same does not make the file right. */
static void what_a_file_says_twice(void **state)
{
    static const struct config_option row = { "--default", "default", "direct" };
    const struct config_options options = { .rows = &row, .count = 1, .rules = folder_path("f") };

    (void)state;
    folder_text("f", "default direct\nproxy a:1\nproxy b:1\ndefault direct\n");
    variables_clear();
    variable_set("PTUNNEL_PROXY", "c:1");
    assert_int_equal(config_try(&(const struct config *){ NULL }, &options), -EINVAL);
    assert_string_equal(config_plain_words(), "f:3:7: the default route is given twice, first in f:2\n"
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
    variable_set("PTUNNEL_CONFIG", CONFIG_HEADER "tunnel a.test\ndefault direct\n");
    assert_int_equal(config_try(&config, NULL), -ENOENT);
}

/* Be it older or newer, or cut: nothing of it holds, nor does what would be found without it. */
static void what_another_version_handed_over(void **state)
{
    static const char *const rows[] = {
        PROXY "default direct\n", "#ptunnel 0\n" PROXY, "#ptunnel 2\n" PROXY, "#ptunnel 10\n" PROXY, "#ptunnel 1", " " CONFIG_HEADER,
        "#ptunnel 1\r\n" PROXY,
    };
    const struct config *config = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        variables_clear();
        variable_set("PTUNNEL_PROXY", "proxy.test:3128");
        variable_set("PTUNNEL_CONFIG", rows[i]);
        assert_int_equal(config_try(&config, NULL), -EINVAL);
        assert_null(config);
        assert_string_equal(config_words,
                            "PTUNNEL_CONFIG: another version of ptunnel-run has set it: start the command again\n");
    }
    assert_string_equal(CONFIG_HEADER, "#ptunnel 1\n");
    config_of(PROXY);
}

int main(void)
{
    int failed;

    if (!folder_make())
        return 1;
    ROWS(secrets, is_told);
    STORY(settings);
    STORY(options_come_first);
    STORY(what_is_not_copied);
    STORY(shared_variables_are_written);
    STORY(what_another_version_handed_over);
    STORY(what_a_file_says_twice);
    STORY(urls_are_kept_without_quotes);
    STORY(without_a_default);
    STORY(no_proxy_is_known);
    failed = rows_run("config");
    folder_remove();
    return failed;
}
