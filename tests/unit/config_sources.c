/* The configuration: where files and proxies are found, and whom they are trusted from. */
#include "support/configs.h"
#include "support/folder.h"
#include "support/rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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
        assert_true(mkdir(folder_path(directories[i]), 0700) == 0 || errno == EEXIST);
    folder_text("named", PROXY);
    folder_text("x/ptunnel/rules", PROXY);
    folder_text("h/.config/ptunnel/rules", PROXY);
}

static void is_found(void **state)
{
    const typeof(*searches) *row = *state;
    const struct config *config = NULL;
    char rules[128], xdg[128], home[128];

    make_search_files();
    variables_clear();
    snprintf(rules, sizeof rules, "%s", row->rules && *row->rules ? folder_path(row->rules) : "");
    snprintf(xdg, sizeof xdg, "%s",
             row->xdg && *row->xdg && *row->xdg != '.' ? folder_path(row->xdg)
             : row->xdg                                ? row->xdg
                                                       : "");
    snprintf(home, sizeof home, "%s", folder_path(row->home));
    variable_set("PTUNNEL_RULES", row->rules ? rules : NULL);
    variable_set("XDG_CONFIG_HOME", row->xdg ? xdg : NULL);
    variable_set("HOME", home);
    variable_set("https_proxy", "other.test:1");
    assert_int_equal(config_try(&config, NULL), 0);
    assert_string_equal(config_route(config, 0)->at.source, row->found ? folder_path(row->found) : "https_proxy");
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
    folder_text("private", "u:p\n");
    folder_file("public", "u:p\n", 4, 0644);
    folder_text("incomplete", "just-a-user\n");
    variables_clear();
    variable_set("PTUNNEL_RULES", folder_file("f", row->text, strlen(row->text), row->mode));
    if (row->foreign)
        assert_int_equal(chown(folder_path("f"), 12345, 12345), 0);
    config_try(&(const struct config *){ NULL }, NULL);
    unlink(folder_path("f"));
    assert_string_equal(config_plain_words(), row->wrong);
}

/* Where the proxy comes from, and whether $no_proxy holds. */
static const struct {
    const char *name, *set[6], *proxy;
    bool no_proxy;
} proxies[] = {
    { "PTUNNEL_PROXY",
      { "PTUNNEL_PROXY", "a:1", "PTUNNEL_CONFIG", CONFIG_HEADER "proxy b:1", "https_proxy", "c:1" },
      "a:1",
      false },
    { "the file", { "PTUNNEL_CONFIG", CONFIG_HEADER "proxy b:1", "https_proxy", "c:1" }, "b:1", false },
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

/* What the limit says is not what the file says: the next try may find out. */
static void a_shortage_is_told_from_a_mistake(void **state)
{
    const struct config *config = NULL;
    struct rlimit before, none;

    (void)state;
    variables_clear();
    variable_set("PTUNNEL_RULES", folder_text("plain", PROXY));
    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){ 0, before.rlim_max };
    setrlimit(RLIMIT_NOFILE, &none);
    assert_int_equal(config_try(&config, NULL), -EMFILE);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_non_null(strstr(config_words, "cannot be read: too many open files"));
    assert_int_equal(config_try(&config, NULL), 0);
    folder_text("plain", "nonsense\n");
    assert_int_equal(config_try(&config, NULL), -EINVAL);
}

int main(void)
{
    int failed;

    if (!folder_make())
        return 1;
    ROWS(searches, is_found);
    ROWS(trusts, is_believed);
    ROWS(proxies, is_the_proxy);
    ROWS(no_proxies, no_proxy);
    STORY(a_shortage_is_told_from_a_mistake);
    failed = rows_run("config_sources");
    folder_remove();
    return failed;
}
