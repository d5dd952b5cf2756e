#include "options.h"
#include "../common/usage.h"

#include <ptunnel/text.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSWORD_FILE = 256, FALLBACK, GRACE, TIMEOUT, ATTEMPT, DEBUG, LOG };

static const struct choice choices[] = {
    { 'p', "proxy", "URL", "tunnel through this HTTP proxy; give it again for a second choice" },
    { 'U', "user", "NAME", "user name for the proxy" },
    { 'P', "password", "TEXT", "its password; without -P it is asked for" },
    { PASSWORD_FILE, "password-file", "FILE", "its password is the first line of FILE" },
    { 'r', "rules", "FILE", "rules that say which proxy to use for which target" },
    { 'l', "listen", "ADDRESS", "where to listen if not said otherwise (127.0.0.1); repeatable" },
    { 'd', "direct", NULL, "the same as --fallback direct" },
    { FALLBACK, "fallback", "WORD", "none, or direct: connect directly if no proxy can be reached" },
    { 'W', "stdio", "HOST:PORT", "one tunnel, between standard input and output and HOST:PORT" },
    { TIMEOUT, "timeout", "SECONDS", "the most that opening a tunnel may take (60)" },
    { ATTEMPT, "attempt", "SECONDS", "the most that one proxy may take while there is another (10)" },
    { GRACE, "grace", "SECONDS", "on SIGTERM or SIGINT let open tunnels finish so long (0)" },
    { 'm', "multithreaded", NULL, "ignored, for those who used to give it" },
    { 'v', "verbose", NULL, "say more; up to three times" },
    { DEBUG, "debug", NULL, "the same as -vvv" },
    { 'q', "quiet", NULL, "say nothing, not even why a tunnel failed" },
    { LOG, "log", "FILE", "say it in FILE instead of standard error" },
    { 'h', "help", NULL, "print this" },
    { 'V', "version", NULL, "print the version" },
};

static const char head[] =
    "Usage: ptunnel [OPTION]... [ADDRESS:]PORT:HOST:PORT...\n"
    "       ptunnel [OPTION]... -W HOST:PORT\n"
    "Listens on a port, and tunnels who connects there through an HTTP proxy (CONNECT) to HOST:PORT.\n\n";
static const char tail[] =
    "\nPORT 0 is any free one and is printed; /PATH in place of [ADDRESS:]PORT is a socket in the file "
    "system.\n"
    "URL is [http://][USER[:PASSWORD]@]HOST[:PORT]. Without -p the proxy is that of $PTUNNEL_PROXY, else of\n"
    "$https_proxy, $all_proxy, $http_proxy.\n"
    "Exit status: 0 after SIGTERM or SIGINT, or if the tunnel of -W was opened; 2 for a wrong command line;\n"
    "1 for everything else.\n";

static _Noreturn void fail_usage(void)
{
    fprintf(stderr, "Try 'ptunnel --help'.\n");
    exit(EXIT_USAGE);
}

static _Noreturn void print_and_exit(int id)
{
    if (id == 'h')
        usage_print(head, tail);
    else
        puts("ptunnel " PTUNNEL_VERSION);
    exit(fflush(stdout) == 0 ? 0 : EXIT_OTHER);
}

static bool take_seconds(const char **out, const char *option, const char *seconds)
{
    *out = seconds;
    if (text_to_number(seconds, strlen(seconds), 1, 86400) > 0)
        return true;
    usage_complain("%s '%s': expected whole seconds from 1 to 86400", option, seconds);
    return false;
}

static bool take_grace(struct options *options, const char *seconds)
{
    long number = text_to_number(seconds, strlen(seconds), 0, 86400);

    if (number < 0)
        usage_complain("--grace '%s': expected whole seconds from 0 to 86400", seconds);
    options->grace = (int)number * 1000;
    return number >= 0;
}

static bool take_fallback(struct options *options, const char *word)
{
    options->fallback = word;
    if (strcmp(word, "direct") == 0 || strcmp(word, "none") == 0)
        return true;
    usage_complain("--fallback '%s': expected none or direct", word);
    return false;
}

static bool take_listen(struct options *options, const char *address)
{
    struct specification ignored;
    const char *wrong = specification_set_address(&ignored, address, strlen(address));

    if (wrong)
        usage_complain("-l '%s': %s", address, wrong);
    else
        options->listen[options->listen_count++] = address;
    return !wrong;
}

static bool take_stdio(struct options *options, const char *target)
{
    const char *wrong = endpoint_parse(&options->target, target, strlen(target), 0);

    if (!wrong && options->stdio)
        wrong = "only one -W is possible";
    if (wrong)
        usage_complain("-W '%s': %s", target, wrong);
    options->stdio = target;
    return !wrong;
}

static bool take_words(struct options *options, int id, char *value)
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
    case 'r':
        options->rules = value;
        return true;
    case 'l':
        return take_listen(options, value);
    case FALLBACK:
        return take_fallback(options, value);
    case 'W':
        return take_stdio(options, value);
    case TIMEOUT:
        return take_seconds(&options->timeout, "--timeout", value);
    case ATTEMPT:
        return take_seconds(&options->attempt, "--attempt", value);
    case GRACE:
        return take_grace(options, value);
    case LOG:
        options->log = value;
        return true;
    default:
        return false; /* getopt_long has spoken */
    }
}

static bool take(struct options *options, int id, char *value)
{
    switch (id) {
    case 'd':
        options->fallback = "direct";
        return true;
    case 'm':
        return true;
    case 'v':
        options->verbose = options->verbose < 0 ? 1 : options->verbose + (options->verbose < 3);
        return true;
    case DEBUG:
        options->verbose = 3;
        return true;
    case 'q':
        options->verbose = -1;
        return true;
    case 'h':
    case 'V':
        print_and_exit(id);
    default:
        return take_words(options, id, value);
    }
}

static bool check_operands(const struct options *options)
{
    struct specification ignored;
    bool good = true;

    if (!options->stdio == !options->operands[0]) {
        usage_complain(options->stdio
                           ? "-W stands alone, without ports to listen on"
                           : "nothing to listen on: give [ADDRESS:]PORT:HOST:PORT, or -W HOST:PORT");
        return false;
    }
    for (char **operand = options->operands; *operand; operand++) {
        const char *wrong = specification_parse(&ignored, *operand);

        if (wrong)
            usage_complain("'%s': %s", *operand, wrong);
        good = good && !wrong;
    }
    return good;
}

void options_free(struct options *options)
{
    free(options->listen);
    free(options->proxy.password);
}

struct options options_or_exit(int argc, char **argv)
{
    struct options options = { .listen = calloc((size_t)argc + 1, sizeof(char *)) };
    int id;

    if (!options.listen)
        exit(EXIT_OTHER);
    usage_start(choices, sizeof choices / sizeof *choices, OPERANDS_ANYWHERE);
    while ((id = usage_next(argc, argv)) != -1)
        if (!take(&options, id, optarg))
            fail_usage();
    options.operands = argv + optind;
    if (!check_operands(&options))
        fail_usage();
    return options;
}
