/* Accounts: what the directives auth and service make of a route's proxies, who is told of the password, and what is handed over. */
#include "support/configs.h"
#include "support/folder.h"
#include "support/rows.h"

#include <string.h>

/* Of the route's first proxy: words; the header fields that stay; the password, which only a helper keeps. */
static const struct {
    const char *name, *proxy, *rules, *words, *fields, *password;
} accounts[] = {
    { "none", "http://u:p@a.test:1", "", NULL, "Proxy-Authorization: Basic dTpw\r\n", NULL },
    { "none is said", "http://u:p@a.test:1", "auth none\n", NULL, "Proxy-Authorization: Basic dTpw\r\n", NULL },
    { "a ticket", "a.test:1", "auth negotiate\n", "a.test:1 negotiate - -", "", NULL },
    { "a ticket for a service", "a.test:1", "service HTTP/b@C\nauth negotiate\n", "a.test:1 negotiate HTTP/b@C -", "", NULL },
    { "several schemes", "a.test:1", "auth ntlm digest ntlm\n", "a.test:1 ntlm,digest,ntlm - -", "", NULL },
    { "a password", "http://u:p@a.test:1", "auth digest\n", "a.test:1 digest - u", "", "p" },
    { "a user alone", "http://u@a.test:1", "auth digest\n", "a.test:1 digest - u", "", NULL },
    { "a domain", "http://D%5Cu:p@[::1]:1", "auth auto\n", "[::1]:1 auto - D%5Cu", "", "p" },
    { "header fields stay", "http://u:p@a.test:1", "proxy a.test:1\nheader \"X: 1\"\nauth ntlm\n", "a.test:1 ntlm - u", "X: 1\r\n", "p" },
    { "another route's", "a.test:1", "proxy n b.test:2\nauth n ntlm\nservice n HTTP@x\n", NULL, "", NULL },
};

static const struct config *loaded(const typeof(*accounts) *row, bool helper)
{
    static const struct config_option none[1];
    static const struct config_options options = { .rows = none, .count = 0 };
    const struct config *config = NULL;

    variables_clear();
    variable_set("XDG_RUNTIME_DIR", "/nonexistent");
    variable_set("PTUNNEL_PROXY", row->proxy);
    folder_text("f", row->rules);
    variable_set("PTUNNEL_RULES", folder_path("f"));
    assert_int_equal(config_try(&config, helper ? &options : NULL), 0);
    return config;
}

static void is_made_of_the_rules(void **state)
{
    const typeof(*accounts) *row = *state;

    for (int helper = 0; helper < 2; helper++) {
        const struct proxy *proxy = &config_route(loaded(row, helper), 0)->route.candidates[0].proxy;

        assert_string_equal(proxy->fields, row->fields);
        assert_int_equal(proxy->account != NULL, row->words != NULL);
        if (!row->words)
            continue;
        assert_string_equal(proxy->account->words, row->words);
        assert_non_null(strstr(proxy->account->socket, "/agent"));
        assert_false(proxy->has_credentials);
        if (helper && row->password)
            assert_string_equal(proxy->account->password, row->password);
        else
            assert_null(proxy->account->password);
    }
}

static void no_password_is_handed_over(void **state)
{
    static const typeof(*accounts) row = { "", "http://u:p@a.test:1 http://v@b.test http://c.test:8", "auth ntlm\nagent /run/x/agent\n",
                                           NULL, NULL, NULL };
    static const struct config_options options;
    const struct config *config = loaded(&row, true);
    char urls[256], text[4096];
    struct text out = text_in(urls, sizeof urls), written = text_in(text, sizeof text);

    (void)state;
    config_write_proxies(config, &out);
    assert_string_equal(urls, "http://u@a.test:1 http://v@b.test:80 http://c.test:8");
    assert_int_equal(config_write(config, &options, &written), WRITTEN);
    assert_non_null(strstr(text, "agent \"/run/x/agent\"\n"));
    assert_non_null(strstr(text, "auth ntlm\n"));
}

int main(void)
{
    int failed;

    if (!folder_make())
        return 1;
    ROWS(accounts, is_made_of_the_rules);
    STORY(no_password_is_handed_over);
    failed = rows_run("config_accounts");
    folder_remove();
    return failed;
}
