/* ptunnel-run: runs one command with the library in front of its connect(). Checks everything, hands it over in the
 * environment and execs, so that the command has this process: its pid, terminal, signals and exit status. */
#include "common/credentials.h"
#include "common/libc_net.h"
#include "common/usage.h"

#include <ptunnel/config.h>
#include <ptunnel/log.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_OURS = 125, EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127 };
enum { PASSWORD_FILE = 256, LOOPBACK, TIMEOUT, LOG };

static const struct choice choices[] = {
    { 'p', "proxy", "URL", "send connections through this HTTP proxy" },
    { 'U', "user", "NAME", "user name for the proxy" },
    { 'P', "password", "TEXT", "its password; without -P it is asked for" },
    { PASSWORD_FILE, "password-file", "FILE", "its password is the first line of FILE" },
    { LOOPBACK, "loopback", NULL, "tunnel connections to this machine too" },
    { TIMEOUT, "timeout", "SECONDS", "the most that opening a tunnel may take (60)" },
    { 'v', "verbose", NULL, "say more; up to three times" },
    { 'q', "quiet", NULL, "say nothing, not even why a tunnel failed" },
    { LOG, "log", "FILE", "say it in FILE instead of standard error" },
    { 'h', "help", NULL, "print this" },
    { 'V', "version", NULL, "print the version" },
};

static const char head[] = "Usage: ptunnel-run [OPTION]... [--] COMMAND [ARGUMENT]...\n"
                           "Runs COMMAND with its TCP connections sent through an HTTP proxy (CONNECT).\n\n";
static const char tail[] =
    "\nURL is [http://][USER[:PASSWORD]@]HOST[:PORT]. Without -p the proxy is that of $PTUNNEL_PROXY, else of\n"
    "$https_proxy, $all_proxy, $http_proxy (and then $no_proxy holds).\n"
    "Exit status: that of COMMAND; 125 if ptunnel-run failed, 126 if COMMAND cannot be run, 127 if it is not found.\n";

struct options {
    struct proxy_options proxy;
    bool loopback;
    const char *timeout;
    int verbose;
    const char *log;
    char **command;
};

static _Noreturn void fail_usage(void)
{
    fprintf(stderr, "Try 'ptunnel-run --help'.\n");
    exit(EXIT_OURS);
}

static _Noreturn void print_and_exit(int id)
{
    if (id == 'h')
        usage_print(head, tail);
    else
        puts("ptunnel-run " PTUNNEL_VERSION);
    exit(fflush(stdout) == 0 ? 0 : EXIT_OURS);
}

static bool valid_timeout(const char *seconds)
{
    if (text_to_number(seconds, strlen(seconds), 1, 86400) > 0)
        return true;
    usage_complain("--timeout '%s': expected whole seconds from 1 to 86400", seconds);
    return false;
}

static bool take(struct options *options, int id, char *value)
{
    switch (id) {
    case 'p':
        return proxy_options_add(&options->proxy, value);
    case 'U':
        options->proxy.user = value;
        return true;
    case 'P':
        return proxy_options_password(&options->proxy, value);
    case PASSWORD_FILE:
        options->proxy.password_file = value;
        return true;
    case LOOPBACK:
        options->loopback = true;
        return true;
    case TIMEOUT:
        options->timeout = value;
        return valid_timeout(value);
    case 'v':
        options->verbose += options->verbose < 3;
        return true;
    case 'q':
        options->verbose = -1;
        return true;
    case LOG:
        options->log = value;
        return true;
    case 'h':
    case 'V':
        print_and_exit(id);
    default:
        return false; /* getopt_long has spoken */
    }
}

static struct options options_or_exit(int argc, char **argv)
{
    struct options options = { 0 };
    int id;

    usage_start(choices, sizeof choices / sizeof *choices, OPERANDS_END_OPTIONS);
    while ((id = usage_next(argc, argv)) != -1)
        if (!take(&options, id, optarg))
            fail_usage();
    options.command = argv + optind;
    if (!options.command[0]) {
        usage_complain("no command to run");
        fail_usage();
    }
    return options;
}

static void export(const char *name, const char *value)
{
    if ((value ? setenv(name, value, 1) : unsetenv(name)) < 0) {
        usage_complain("%s: %s", name, strerror(errno));
        exit(EXIT_OURS);
    }
}

static const char *absolute_or_exit(const char *path)
{
    char here[PATH_MAX];
    char *whole;

    if (!path || path[0] == '/')
        return path;
    if (!getcwd(here, sizeof here) || asprintf(&whole, "%s/%s", here, path) < 0) {
        usage_complain("--log '%s': %s", path, strerror(errno));
        exit(EXIT_OURS);
    }
    return whole;
}

/* All six variables, so that nothing of an outer ptunnel-run shows through. */
static void export_configuration_or_exit(struct options *options)
{
    static const char *const levels[] = { "-1", "0", "1", "2", "3" };
    static char urls[PROXY_LIST_SIZE];
    char settings[64];
    struct text config = text_in(settings, sizeof settings);

    if (!proxy_options_merge(&options->proxy, getenv("PTUNNEL_PROXY"), urls))
        exit(EXIT_OURS);
    if (options->timeout) {
        text_add(&config, "timeout ");
        text_add(&config, options->timeout);
        text_add(&config, "\n");
    }
    export("PTUNNEL_PROXY", urls[0] ? urls : NULL);
    export("PTUNNEL_CONFIG", settings[0] ? settings : NULL);
    export("PTUNNEL_LOOPBACK", options->loopback ? "1" : getenv("PTUNNEL_LOOPBACK"));
    export("PTUNNEL_VERBOSE", levels[options->verbose + 1]);
    export("PTUNNEL_LOG", absolute_or_exit(options->log));
}

static const char *environment_variable(const char *name)
{
    return getenv(name);
}

static void check_configuration_or_exit(void)
{
    const struct config *config;
    static char words[LOG_LINE_SIZE * 4];
    struct text wrong = text_in(words, sizeof words);
    int result = config_load(&config, environment_variable, &libc_net, &wrong);

    if (result == -ENOENT)
        usage_complain("no proxy is known: give -p HOST:PORT, or set PTUNNEL_PROXY or https_proxy");
    else if (result == -ENOMEM)
        usage_complain("%s", strerror(ENOMEM));
    for (char *line = strtok(words, "\n"); line; line = strtok(NULL, "\n"))
        usage_complain("%s", line);
    if (result != 0)
        exit(EXIT_OURS);
}

/* Beside this program, or where `make install` puts it; never the working directory, argv[0] or PATH, which others
 * may have a say in. */
static char *library_or_exit(void)
{
    static char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - sizeof "libptunnel.so");
    char *slash;

    path[size > 0 ? size : 0] = '\0';
    slash = strrchr(path, '/');
    if (slash)
        strcpy(slash + 1, "libptunnel.so");
    if (!slash || access(path, F_OK) < 0)
        strcpy(path, PTUNNEL_LIBDIR "/libptunnel.so");
    if (access(path, R_OK) < 0) {
        usage_complain("%s: %s: reinstall ptunnel", path, strerror(errno));
        exit(EXIT_OURS);
    }
    if (path[strcspn(path, " \t\n:")]) {
        usage_complain("%s: LD_PRELOAD cannot hold a path with blanks or colons: install ptunnel elsewhere", path);
        exit(EXIT_OURS);
    }
    return path;
}

static bool same_library(const char *element, size_t size, const char *path)
{
    static const char name[] = "libptunnel.so";

    if (size == strlen(path) && memcmp(element, path, size) == 0)
        return true;
    return size == sizeof name - 1 && memcmp(element, name, size) == 0;
}

/* In front of what is preloaded already, once. */
static void preload_library_or_exit(void)
{
    const char *path = library_or_exit(), *before = getenv("LD_PRELOAD");
    char *list = NULL;

    for (const char *at = before; at && *at; at += strspn(at, " :")) {
        size_t size = strcspn(at, " :");

        if (same_library(at, size, path))
            return;
        at += size;
    }
    if (asprintf(&list, "%s%s%s", path, before && *before ? ":" : "", before ? before : "") < 0) {
        usage_complain("%s", strerror(errno));
        exit(EXIT_OURS);
    }
    export("LD_PRELOAD", list);
    free(list);
}

static _Noreturn void run(char **command)
{
    int error;

    execvp(command[0], command);
    error = errno;
    usage_complain("%s: %s", command[0], strerror(error));
    exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}

int main(int argc, char **argv)
{
    struct options options = options_or_exit(argc, argv);

    export_configuration_or_exit(&options);
    check_configuration_or_exit();
    preload_library_or_exit();
    run(options.command);
}
