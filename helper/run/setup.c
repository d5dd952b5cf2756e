#include "finder.h"
#include "rule_file.h"
#include "user_file.h"
#include "setup.h"

#include <ptunnel/proxy.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SETUP_FAILED = 125, FILE_SIZE = 2 * PROXY_LIST_SIZE, TARGETS_MOST = 64 };

/* A web page, ssh, fetching mail, sending mail: what proxies forbid, they forbid by the port. */
static char *const usual_targets[] = { "example.com:443", "github.com:22", "imap.gmail.com:993",
                                       "smtp.gmail.com:587", NULL };

static const char file_head[] =
    "# Made by ptunnel-run --setup. What else can stand here is in ptunnel-rules(5): for example\n"
    "#   direct .corp.example 10.0.0.0/8\n"
    "#   default tunnel\n"
    "# for what is reached without the proxy.\n";

static void print_findings(const struct finding *found, size_t count)
{
    unsigned number = 0;

    printf(count ? "Found:\n" : "No settings of this machine name a proxy.\n");
    for (size_t i = 0; i < count; i++)
        if (found[i].authority[0])
            printf("  %u  %s, of %s\n", ++number, found[i].authority, found[i].source);
    for (size_t i = 0; i < count; i++)
        if (found[i].wrong)
            printf("  -  %s names a proxy that cannot be used: %s\n", found[i].source, found[i].wrong);
        else if (!found[i].authority[0])
            printf("  -  a PAC script, %s, of %s: a proxy's name and port stand in it behind PROXY\n",
                   found[i].script, found[i].source);
}

/* The one with that number in print_findings(); NULL: there is none. */
static const struct finding *numbered(const struct finding *found, size_t count, const char *digits)
{
    long wanted = text_to_number(digits, strlen(digits), 1, FINDER_MOST), number = 0;

    for (size_t i = 0; i < count; i++)
        if (found[i].authority[0] && ++number == wanted)
            return &found[i];
    return NULL;
}

/* A line of the terminal without its end; what was meant if it is empty; NULL: the user is gone. */
static char *ask(const char *question, const char *usual)
{
    char *line = NULL;
    size_t room = 0;

    if (usual[0])
        printf("%s [%s]: ", question, usual);
    else
        printf("%s: ", question);
    fflush(stdout);
    if (getline(&line, &room, stdin) < 0) {
        printf("\n");
        free(line);
        return NULL;
    }
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] || !usual[0])
        return line;
    free(line);
    return strdup(usual);
}

/* Which one, until it is one. False: the user is gone. */
static bool ask_proxy(struct proxy_options *proxy, const struct finding *found, size_t count,
                      const char **usual_user)
{
    bool any = numbered(found, count, "1") != NULL;

    for (;;) {
        char *answer =
            ask(any ? "Which proxy: a number, or HOST:PORT" : "Which proxy, HOST:PORT", any ? "1" : "");
        const struct finding *chosen;

        if (!answer)
            return false;
        chosen = numbered(found, count, answer);
        if (chosen)
            *usual_user = chosen->user;
        if (answer[0] && proxy_options_add(proxy, chosen ? chosen->authority : answer))
            return true;
    }
}

/* "-" is for a proxy that wants none, where the settings name one. */
static bool ask_user(struct proxy_options *proxy, const char *usual)
{
    char *answer = ask(usual[0] ? "User name for the proxy (-: it wants none)"
                                : "User name for the proxy (empty: it wants none)",
                       usual);

    if (!answer)
        return false;
    proxy->user = answer[0] && strcmp(answer, "-") != 0 ? answer : NULL;
    return true;
}

/* With its user and password, and always with the scheme and the port. */
static void add_url(struct text *out, const char *url, size_t size)
{
    char user[PROXY_USER_MAX + 1], password[PROXY_USER_MAX + 1], userinfo[6 * PROXY_USER_MAX + 3];
    struct text both = text_in(userinfo, sizeof userinfo);
    struct proxy proxy = { 0 };

    if (proxy_parse(&proxy, url, size))
        return;
    if (proxy.has_credentials) {
        proxy_take_credentials(&proxy, user, password);
        proxy_add_encoded(&both, user);
        text_add(&both, ":");
        proxy_add_encoded(&both, password);
        text_add(&both, "@");
    }
    text_add(out, " ");
    proxy_print(out, &proxy, userinfo);
    explicit_bzero(password, sizeof password);
    explicit_bzero(userinfo, sizeof userinfo);
}

/* The proxies, then the options that are directives of a rule file. False: words on standard error said why. */
static bool make_text(struct shared_options *options, struct text *out)
{
    static char urls[PROXY_LIST_SIZE];
    bool has_default = false, has_rule = false, has_tunnel = false;

    if (!proxy_options_merge(&options->proxy, NULL, urls))
        return false;
    text_add(out, file_head);
    text_add(out, "proxy");
    for (const char *at = urls; *at; at += strspn(at, " ")) {
        size_t size = strcspn(at, " ");

        add_url(out, at, size);
        at += size;
    }
    explicit_bzero(urls, sizeof urls);
    text_add(out, "\n");
    for (size_t i = 0; i < options->rules.all.count; i++) {
        const char *directive = options->rules.rows[i].directive;

        has_default |= text_same(directive, "default");
        has_tunnel |= text_same(directive, "tunnel");
        has_rule |= text_same(directive, "tunnel") || text_same(directive, "direct") ||
                    text_same(directive, "reject");
        text_print(out, "%s %s\n", directive, options->rules.rows[i].value);
    }
    if (has_rule && !has_default)
        text_add(out, has_tunnel ? "default direct\n" : "default tunnel\n");
    if (out->cut)
        usage_complain("--setup: the list of proxies is too long");
    return !out->cut;
}

/* False: nothing was written. */
static bool write_file(const char *path, const struct text *text)
{
    char old[PATH_MAX] = "", question[2 * PATH_MAX + 64];
    bool is_there = access(path, F_OK) == 0, yes = true;
    char *answer;

    if (is_there) {
        if (!rule_file_old_path(path, old))
            return false;
        snprintf(question, sizeof question, "%s is there already. Keep it as %s, and write a new one (y/n)",
                 path, old);
        answer = ask(question, "n");
        yes = answer && (answer[0] == 'y' || answer[0] == 'Y');
        free(answer);
    }
    if (!yes || !user_file_write(path, is_there ? old : NULL, text->start, text_size(text))) {
        printf("Nothing was changed.\n");
        return false;
    }
    printf("Written: %s, which only you can read.\n\n", path);
    return true;
}

/* Runs `ptunnel-run -r PATH --check TARGET...`, and returns its status. */
static int check(const char *path, char *const *targets)
{
    char *arguments[TARGETS_MOST + 5] = { "ptunnel-run", "-r", (char *)path, "--check", NULL };
    int status = 0;
    pid_t child;

    if (!targets[0])
        targets = usual_targets;
    for (size_t i = 0; i < TARGETS_MOST && targets[i]; i++)
        arguments[4 + i] = targets[i];
    printf("$ ptunnel-run --check");
    for (size_t i = 4; arguments[i]; i++)
        printf(" %s", arguments[i]);
    printf("\n");
    fflush(stdout);
    child = fork();
    if (child == 0) {
        setenv("PTUNNEL_PROXY", "", 1); /* it would come before the file */
        execv("/proc/self/exe", arguments);
        _exit(SETUP_FAILED);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
        return SETUP_FAILED;
    return WEXITSTATUS(status);
}

static void print_what_next(const char *path, bool is_usual, int status)
{
    const char *file = is_usual && !getenv("XDG_CONFIG_HOME") ? "~/.config/ptunnel/rules" : path;
    char option[PATH_MAX + 8] = "";

    if (!is_usual)
        snprintf(option, sizeof option, "-r %s ", path);
    printf("\n%s\n", status == 0 ? "All is well. Now:"
                                 : "What is wrong is told above, and how to mend it. For what works:");
    printf("  a command         ptunnel-run %sthunderbird\n", option);
    printf("  a shell           ptunnel-run %sbash\n", option);
    printf("  ssh, for good     in ~/.ssh/config, below 'Host *':\n");
    printf("                      ProxyCommand ptunnel -r %s -W %%h:%%p\n", file);
    printf("                      ServerAliveInterval 60\n");
    printf("  git, for good     git config --global core.sshCommand 'ptunnel-run %sssh'\n", option);
    if (getenv("PTUNNEL_PROXY") && *getenv("PTUNNEL_PROXY"))
        printf("PTUNNEL_PROXY is set, and comes before the file: take it out of your shell's files.\n");
}

static int tell_only(const struct finding *found, size_t count, const char *path)
{
    print_findings(found, count);
    printf("This is no terminal: nothing is asked or written. On one you are asked which proxy to use, and "
           "for its "
           "user and password;\nthen %s is written%s, and ptunnel-run --check tries it.\n",
           path, access(path, F_OK) == 0 ? ", if you agree (what is there is kept)" : "");
    return fflush(stdout) == 0 ? 0 : SETUP_FAILED;
}

/* False: the user is gone, or what was given is wrong. */
static bool ask_all(struct shared_options *options, const struct finding *found, size_t count)
{
    const char *usual_user = "";

    if (options->proxy.count == 0) {
        print_findings(found, count);
        if (!ask_proxy(&options->proxy, found, count, &usual_user))
            return false;
    }
    return options->proxy.user || strchr(options->proxy.urls[0], '@') ||
           ask_user(&options->proxy, usual_user);
}

int setup(struct shared_options *options, char **targets)
{
    static struct finding found[FINDER_MOST];
    static char buffer[FILE_SIZE];
    struct text text = text_in(buffer, sizeof buffer);
    size_t count = finder_look(found);
    char path[PATH_MAX];
    bool written;
    int status;

    if (!rule_file_path(options->rules.all.rules, path))
        return SETUP_FAILED;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return tell_only(found, count, path);
    written = ask_all(options, found, count) && make_text(options, &text) && write_file(path, &text);
    explicit_bzero(buffer, sizeof buffer);
    if (!written)
        return SETUP_FAILED;
    status = check(path, targets);
    print_what_next(path, !options->rules.all.rules, status);
    return status;
}
