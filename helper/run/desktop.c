#include "desktop.h"
#include "settings.h"

#include <ptunnel/deadline.h>
#include <ptunnel/text.h>

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GSETTINGS_TIME = 2000 /* ms */, GSETTINGS_SIZE = 64 * 1024 };

static void keep(char *out, const char *value)
{
    snprintf(out, DESKTOP_VALUE_SIZE, "%s", value);
}

static bool find_gsettings(char *out)
{
    const char *path = getenv("PATH");

    for (size_t size; path && *path; path += size + (path[size] != '\0')) {
        size = strcspn(path, ":");
        snprintf(out, PATH_MAX, "%.*s/gsettings", (int)size, path);
        if (path[0] == '/' && access(out, X_OK) == 0)
            return true;
    }
    return false;
}

static _Noreturn void become(char *path, int output)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    execl(path, path, "list-recursively", "org.gnome.system.proxy", (char *)NULL);
    _exit(127);
}

static void read_for_a_while(int fd, char *out, size_t size)
{
    struct deadline end = deadline_in(GSETTINGS_TIME);
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    size_t used = 0;
    ssize_t got = 1;

    while (used < size - 1 && got > 0 && poll(&ready, 1, deadline_left(end)) == 1) {
        got = read(fd, out + used, size - 1 - used);
        if (got > 0)
            used += (size_t)got;
    }
    out[used] = '\0';
}

/* "HOST" becomes "HOST:PORT". */
static void add_port(char *host, const char *port)
{
    size_t size = strlen(host);

    if (size > 0)
        snprintf(host + size, DESKTOP_VALUE_SIZE - size, ":%s", port);
}

static void take_gnome_pair(struct desktop *out, const char *schema, const char *key, const char *value)
{
    char *of_scheme = text_same(schema, "org.gnome.system.proxy.https")  ? out->https
                      : text_same(schema, "org.gnome.system.proxy.http") ? out->http
                                                                         : NULL;

    if (text_same(key, "mode")) {
        out->is_manual = text_same(value, "manual");
        out->is_script = text_same(value, "auto");
    } else if (text_same(key, "autoconfig-url"))
        keep(out->script, value);
    else if (of_scheme && text_same(key, "host"))
        keep(of_scheme, value);
    else if (of_scheme && text_same(key, "port"))
        add_port(of_scheme, value);
}

/* "org.gnome.system.proxy.https host 'proxy.example.org'": host comes before port. */
static void take_gnome(void *data, const char *section, const char *schema, char *rest)
{
    char *value = rest + strcspn(rest, " ");

    (void)section;
    if (!*value)
        return;
    *value++ = '\0';
    value += *value == '\'';
    value[strcspn(value, "'")] = '\0';
    take_gnome_pair(data, schema, rest, value);
}

void desktop_gnome(struct desktop *out)
{
    char path[PATH_MAX], *text;
    int ends[2];
    pid_t child;

    *out = (struct desktop){ 0 };
    if (!find_gsettings(path) || pipe2(ends, O_CLOEXEC) < 0)
        return;
    text = malloc(GSETTINGS_SIZE);
    child = text ? fork() : -1;
    if (child == 0)
        become(path, ends[1]);
    close(ends[1]);
    if (child > 0) {
        read_for_a_while(ends[0], text, GSETTINGS_SIZE);
        kill(child, SIGKILL); /* if it has not ended by itself */
        waitpid(child, NULL, 0);
        settings_parse(text, "", take_gnome, out);
    }
    close(ends[0]);
    settings_free(text);
}

/* "http://proxy.example.org 8080" */
static void keep_kde(char *out, const char *value)
{
    keep(out, value);
    out = strchr(out, ' ');
    if (out)
        *out = ':';
}

static void take_kde(void *data, const char *section, const char *key, char *value)
{
    struct desktop *out = data;

    if (!text_same(section, "Proxy Settings"))
        return;
    if (text_same(key, "ProxyType")) { /* 1: these; 2: a script; 3: WPAD; 4: the environment */
        out->is_manual = text_same(value, "1");
        out->is_script = text_same(value, "2") || text_same(value, "3");
    } else if (text_same(key, "Proxy Config Script"))
        keep(out->script, value);
    else if (text_same(key, "httpsProxy"))
        keep_kde(out->https, value);
    else if (text_same(key, "httpProxy"))
        keep_kde(out->http, value);
}

void desktop_kde(struct desktop *out, const char *path)
{
    char *text = settings_read(path);

    *out = (struct desktop){ 0 };
    if (text)
        settings_parse(text, "", take_kde, out);
    settings_free(text);
}
