#include "proxy_options.h"
#include "usage.h"

#include <ptunnel/proxy.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* "http://user:secret@proxy:3128" without what is in front of the last '@'. */
static const char *without_userinfo(const char *url)
{
    const char *at = strrchr(url, '@');

    return at ? at + 1 : url;
}

bool proxy_options_add(struct proxy_options *options, const char *url)
{
    struct proxy proxy;
    const char *wrong = proxy_parse(&proxy, url, strlen(url));

    explicit_bzero(&proxy, sizeof proxy);
    if (!wrong && options->count == PROXY_OPTIONS_MOST)
        wrong = "more than 32 proxies";
    if (wrong) {
        usage_complain("-p '%s': %s", without_userinfo(url), wrong);
        return false;
    }
    options->urls[options->count++] = url;
    return true;
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

static void put(int fd, const char *words)
{
    /* A prompt that cannot be shown is no reason to fail. */
    ssize_t ignored = write(fd, words, strlen(words));

    (void)ignored;
}

/* Reads a line from the terminal, byte by byte so that nothing behind it is taken from the command. */
static bool read_line(int terminal, char *out, size_t size)
{
    size_t used = 0;
    ssize_t got;
    char byte = 0;

    while ((got = read(terminal, &byte, 1)) == 1 && byte != '\n')
        if (used < size - 1)
            out[used++] = byte;
    out[used] = '\0';
    return got == 1;
}

static bool ask_password(struct proxy_options *options)
{
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    char line[PROXY_USER_MAX + 2];
    struct termios echoing, silent;
    bool read = false;

    if (terminal < 0 || tcgetattr(terminal, &echoing) < 0) {
        usage_complain(
            "no password for proxy user '%s', and no terminal to ask on: give -P or --password-file",
            options->user);
    } else {
        silent = echoing;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(terminal, TCSAFLUSH, &silent);
        put(terminal, "Password of proxy user ");
        put(terminal, options->user);
        put(terminal, ": ");
        read = read_line(terminal, line, sizeof line) && proxy_options_password(options, line);
        tcsetattr(terminal, TCSAFLUSH, &echoing);
        put(terminal, "\n");
        if (!read)
            usage_complain("no password was given");
    }
    if (terminal >= 0)
        close(terminal);
    return read;
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
