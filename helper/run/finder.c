#include "desktop.h"
#include "finder.h"
#include "settings.h"

#include "../common/usage.h"

#include <dirent.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct findings {
    struct finding *rows;
    size_t count;
    const char *who, *path; /* of what is being read */
    const struct source *source;
};

/* A file, and what in it names a proxy. */
struct source {
    const char *who;
    const char *path;    /* ~/: below the home; %/: below $XDG_CONFIG_HOME or ~/.config */
    const char *section; /* how it begins; "": it has none */
    const char *keys;    /* as settings_key() has them */
    const char *ends;    /* as settings_parse() has them */
    bool is_rules;       /* a value is the default route's list of URLs, or "NAME URL..." */
};

static const char wget_keys[] = "https_proxy http_proxy";
static const char apt_keys[] = "Proxy *::Proxy";
static const char curl_keys[] = "proxy --proxy -x";

static const struct source sources[] = {
    { "your rule file", "%/ptunnel/rules", "", "proxy", "", true },
    { "the machine's rule file", "/etc/ptunnel/rules", "", "proxy", "", true },
    { "git", "~/.gitconfig", "http", "proxy", "", false },
    { "git", "%/git/config", "http", "proxy", "", false },
    { "npm", "~/.npmrc", "", "https-proxy proxy", "", false },
    { "curl", "~/.curlrc", "", curl_keys, "", false },
    { "curl", "%/.curlrc", "", curl_keys, "", false },
    { "wget", "~/.wgetrc", "", wget_keys, "", false },
    { "this machine", "/etc/environment", "", "https_proxy all_proxy http_proxy", "", false },
    { "apt", "/etc/apt/apt.conf", "", apt_keys, ";{}", false },
    { "apt", "/etc/apt/apt.conf.d/*", "", apt_keys, ";{}", false },
    { "git", "/etc/gitconfig", "http", "proxy", "", false },
    { "npm", "/etc/npmrc", "", "https-proxy proxy", "", false },
    { "wget", "/etc/wgetrc", "", wget_keys, "", false },
};

const char *finder_home(void)
{
    const char *home = getenv("HOME");
    const struct passwd *user = home && home[0] ? NULL : getpwuid(getuid());

    home = user ? user->pw_dir : home;
    return home && home[0] == '/' ? home : NULL;
}

/* False: there is no such place. */
static bool make_path(const char *path, char *out)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = finder_home();

    if (path[0] == '/')
        return snprintf(out, PATH_MAX, "%s", path) < PATH_MAX;
    if (path[0] == '%' && config && config[0] == '/')
        return snprintf(out, PATH_MAX, "%s%s", config, path + 1) < PATH_MAX;
    return home &&
           snprintf(out, PATH_MAX, "%s%s%s", home, path[0] == '%' ? "/.config" : "", path + 1) < PATH_MAX;
}

static struct finding *next_row(struct findings *found)
{
    struct finding *row = &found->rows[found->count];
    struct text source;

    if (found->count == FINDER_MOST)
        return NULL;
    *row = (struct finding){ 0 };
    source = text_in(row->source, sizeof row->source);
    text_add(&source, found->who);
    text_add(&source, " (");
    text_add_foreign(&source, found->path, strlen(found->path), FINDER_SOURCE_SIZE / 8);
    text_add(&source, ")");
    return row;
}

static bool is_known(const struct findings *found, const struct finding *row)
{
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->rows[i].authority, row->authority) == 0 && found->rows[i].wrong == row->wrong &&
            strcmp(found->rows[i].script, row->script) == 0)
            return true;
    return false;
}

/* What stands in front of the last '@' of a URL is nobody's to see. */
static const char *after_user(const char *url)
{
    const char *at = strrchr(url, '@');

    return at ? at + 1 : url;
}

/* The URL of one proxy; none if it is empty, or "DIRECT". A wrong one is not shown: there may be a password
 * anywhere in it. */
static void add_proxy(struct findings *found, const char *url)
{
    struct finding *row = next_row(found);
    char password[PROXY_USER_MAX + 1];
    struct proxy proxy = { 0 };

    if (!row || !url[0] || text_same(url, "DIRECT"))
        return;
    row->wrong = proxy_parse(&proxy, url, strlen(url));
    if (!row->wrong)
        endpoint_print(&proxy.at, row->authority);
    if (!row->wrong && proxy.has_credentials)
        proxy_take_credentials(&proxy, row->user, password);
    explicit_bzero(password, sizeof password);
    explicit_bzero(&proxy, sizeof proxy);
    found->count += !is_known(found, row);
}

/* The first of a list whose URLs blanks part. */
static void add_first_proxy(struct findings *found, const char *list)
{
    char *first = strndup(list, strcspn(list, " \t\r\n"));

    if (first)
        add_proxy(found, first);
    settings_free(first);
}

/* "PROXY host:port; DIRECT", wherever in the script it stands. */
static void add_from_script(struct findings *found, const char *path)
{
    char *text = settings_read(path);

    found->path = path;
    for (const char *at = text ? strstr(text, "PROXY ") : NULL; at; at = strstr(at, "PROXY ")) {
        char url[ENDPOINT_TEXT_SIZE];

        at += strlen("PROXY ");
        if (snprintf(url, sizeof url, "%.*s", (int)strcspn(at, "\"'; \t\r\n"), at) < (int)sizeof url)
            add_proxy(found, url);
    }
    settings_free(text);
}

static void add_script(struct findings *found, const char *url)
{
    struct finding *row = next_row(found);
    const char *scheme_end = strstr(url, "://");
    struct text script;

    if (!row)
        return;
    if (!url[0])
        url = "http://wpad/wpad.dat";
    script = text_in(row->script, sizeof row->script);
    if (after_user(url) != url && scheme_end)
        text_add_foreign(&script, url, (size_t)(scheme_end + 3 - url), FINDER_SCRIPT_SIZE / 4);
    text_add_foreign(&script, after_user(url), strlen(after_user(url)), FINDER_SCRIPT_SIZE / 2);
    found->count += !is_known(found, row);
    if (text_begins(url, "file:///"))
        add_from_script(found, url + strlen("file://"));
}

static void add_desktop(struct findings *found, const struct desktop *desktop)
{
    if (desktop->is_manual) {
        add_proxy(found, desktop->https);
        add_proxy(found, desktop->http);
    }
    if (desktop->is_script)
        add_script(found, desktop->script);
}

static void look_at_desktops(struct findings *found)
{
    struct desktop desktop;
    char path[PATH_MAX];

    found->who = "your desktop";
    found->path = "GNOME";
    desktop_gnome(&desktop);
    add_desktop(found, &desktop);
    if (!make_path("%/kioslaverc", path))
        return;
    found->path = path;
    desktop_kde(&desktop, path);
    add_desktop(found, &desktop);
}

static void look_at_environment(struct findings *found)
{
    static const char *const names[] = { "PTUNNEL_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                         "ALL_PROXY",     "http_proxy",  "HTTP_PROXY" };

    found->who = "the environment";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        found->path = names[i];
        if (getenv(names[i]))
            add_first_proxy(found, getenv(names[i]));
    }
}

static void take(void *data, const char *section, const char *key, char *value)
{
    struct findings *found = data;
    const struct source *source = found->source;

    if (!text_begins(section, source->section) || !settings_key(source->keys, key))
        return;
    if (!source->is_rules)
        add_proxy(found, value);
    else if (memchr(value, ':', strcspn(value, " "))) /* else it is the name of a route */
        add_first_proxy(found, value);
}

static void look_into_file(struct findings *found, const char *path)
{
    char *text = settings_read(path);

    found->path = path;
    if (text)
        settings_parse(text, found->source->ends, take, found);
    settings_free(text);
}

/* As apt reads a folder: in order, names without an ending and those that end in .conf. */
static int is_configuration(const struct dirent *entry)
{
    const char *ending = strrchr(entry->d_name, '.');

    return !ending || (ending > entry->d_name && text_same(ending, ".conf"));
}

static void look_into_folder(struct findings *found, char *path)
{
    struct dirent **entries;
    char *name = strrchr(path, '/');
    int count;

    *name = '\0';
    count = scandir(path, &entries, is_configuration, alphasort);
    for (int i = 0; i < count; i++) {
        char file[PATH_MAX];

        if (snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name) < (int)sizeof file)
            look_into_file(found, file);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

size_t finder_look(struct finding *out)
{
    struct findings found = { .rows = out };
    char path[PATH_MAX];

    look_at_environment(&found);
    look_at_desktops(&found);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        found.source = &sources[i];
        found.who = sources[i].who;
        if (!make_path(sources[i].path, path))
            continue;
        if (path[strlen(path) - 1] == '*')
            look_into_folder(&found, path);
        else
            look_into_file(&found, path);
    }
    return found.count;
}

void finder_hint(void)
{
    static struct finding found[FINDER_MOST];
    size_t count = finder_look(found);

    for (size_t i = 0; i < count; i++)
        if (found[i].authority[0])
            usage_complain("%s says %s: use -p %s, or ptunnel-run --setup", found[i].source,
                           found[i].authority, found[i].authority);
        else if (found[i].wrong)
            usage_complain("%s names a proxy that cannot be used: %s", found[i].source, found[i].wrong);
        else
            usage_complain("%s has a PAC script, %s: a proxy's name and port stand in it behind PROXY",
                           found[i].source, found[i].script);
}
