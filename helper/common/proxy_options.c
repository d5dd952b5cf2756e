#include "proxy_options.h"
#include "prompt.h"
#include "usage.h"

#include <ptunnel/proxy.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* "http://user:secret@proxy:3128" without what is in front of the last '@'. */
static const char *without_userinfo(const char *url)
{
    const char *at = strrchr(url, '@');

    return at ? at + 1 : url;
}

bool proxy_options_add(struct proxy_options *options, const char *given)
{
    char *url = strdup(given);
    struct proxy proxy;
    const char *wrong = url ? proxy_parse(&proxy, url, strlen(url)) : strerror(ENOMEM);

    explicit_bzero(&proxy, sizeof proxy);
    if (!wrong && options->count == PROXY_OPTIONS_MOST)
        wrong = "more than 32 proxies";
    if (wrong) {
        usage_complain("-p '%s': %s", without_userinfo(given), wrong);
        free(url);
        return false;
    }
    options->urls[options->count++] = url;
    return true;
}

void proxy_options_blot_out(char *url)
{
    char *at = strrchr(url, '@'), *scheme = strstr(url, "://");
    char *password = at ? strchr(scheme && scheme < at ? scheme + 3 : url, ':') : NULL;
    size_t rest;

    if (!password || password > at)
        return;
    rest = strlen(at);
    memmove(password + 1, at, rest);
    explicit_bzero(password + 1 + rest, (size_t)(at - password - 1));
}

bool proxy_options_password(struct proxy_options *options, char *argument)
{
    free(options->password);
    options->password = strdup(argument);
    explicit_bzero(argument, strlen(argument));
    return options->password != NULL;
}

static bool read_password_file(struct proxy_options *options)
{
    char line[PROXY_USER_MAX + 3] = "";
    struct stat status;
    FILE *file = fopen(options->password_file, "re");
    bool read;

    if (!file || fstat(fileno(file), &status) < 0) {
        usage_complain("--password-file '%s': %s", options->password_file, strerror(errno));
        if (file)
            fclose(file);
        return false;
    }
    if (S_ISREG(status.st_mode) && (status.st_mode & 077)) {
        usage_complain("--password-file '%s': others may read it: chmod 600 it", options->password_file);
        fclose(file);
        return false;
    }
    read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    if (!read) {
        usage_complain("--password-file '%s': no password in its first line", options->password_file);
        return false;
    }
    line[strcspn(line, "\r\n")] = '\0';
    read = proxy_options_password(options, line);
    return read;
}

static bool ask_password(struct proxy_options *options)
{
    char question[PROXY_USER_MAX + 32], line[PROXY_USER_MAX + 2];
    struct text words = text_in(question, sizeof question);

    text_print(&words, "Password of proxy user %s: ", options->user);
    switch (prompt_secret(question, line, sizeof line)) {
    case PROMPT_ANSWERED:
        return proxy_options_password(options, line);
    case PROMPT_NO_ANSWER:
        usage_complain("no password was given");
        break;
    case PROMPT_NO_TERMINAL:
        usage_complain(
            "no password for proxy user '%s', and no terminal to ask on: give -P or --password-file",
            options->user);
        break;
    }
    return false;
}

static bool have_password(struct proxy_options *options)
{
    if (!options->user && (options->password || options->password_file)) {
        usage_complain("a password without a user name: give -U");
        return false;
    }
    if (!options->user || options->password)
        return true;
    return options->password_file ? read_password_file(options) : ask_password(options);
}

static void add_url(struct text *out, const struct proxy_options *options, const char *url, size_t size)
{
    const char *scheme_end = size > 7 && strncmp(url + 4, "://", 3) == 0 ? url + 7 : url;

    text_add(out, text_size(out) ? " " : "");
    if (options->user && !memchr(url, '@', size)) {
        text_add_bytes(out, url, (size_t)(scheme_end - url));
        proxy_add_encoded(out, options->user);
        text_add(out, ":");
        proxy_add_encoded(out, options->password);
        text_add(out, "@");
        size -= (size_t)(scheme_end - url);
        url = scheme_end;
    }
    text_add_bytes(out, url, size);
}

static bool check_userinfo(const struct proxy_options *options)
{
    struct proxy proxy = { 0 };
    const char *wrong =
        options->user ? proxy_set_credentials(&proxy, options->user, options->password) : NULL;

    explicit_bzero(&proxy, sizeof proxy);
    if (wrong)
        usage_complain("-U, -P: %s", wrong);
    return !wrong;
}

bool proxy_options_merge(struct proxy_options *options, const char *found, char *out)
{
    struct text list = text_in(out, PROXY_LIST_SIZE);

    if (!have_password(options) || !check_userinfo(options))
        return false;
    for (size_t i = 0; i < options->count; i++)
        add_url(&list, options, options->urls[i], strlen(options->urls[i]));
    if (options->count == 0 && found) {
        for (size_t size; *(found += strspn(found, " \t\r\n")); found += size) {
            size = strcspn(found, " \t\r\n");
            add_url(&list, options, found, size);
        }
    }
    if (list.cut)
        usage_complain("the list of proxies is too long");
    return !list.cut;
}

void proxy_options_forget(struct proxy_options *options)
{
    for (size_t i = 0; i < options->count; i++) {
        explicit_bzero(options->urls[i], strlen(options->urls[i]));
        free(options->urls[i]);
    }
    options->count = 0;
}

void proxy_options_complain_none(void)
{
    usage_complain(
        "no proxy is known: give -p HOST:PORT, or set PTUNNEL_PROXY or https_proxy, or name one in "
        "the rule file (a line 'proxy http://HOST:PORT'); ptunnel-run --setup does it with you%s",
        getenv("SUDO_USER") ? "; sudo drops the environment: say -p behind it, or sudo "
                              "--preserve-env=PTUNNEL_PROXY"
                            : "");
}
