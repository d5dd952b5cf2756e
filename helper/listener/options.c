#include "options.h"
#include "far.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { GRACE = 1024, DEBUG, HALF_CLOSE, KEEPALIVE };

static const struct choice choices[] = {
    { 'r', "rules", "FILE", "read rules from FILE, not ~/.config/ptunnel/rules or /etc/ptunnel/rules" },
    { NO_RULES, "no-rules", NULL, "read no rule file" },
    { 'l', "listen", "ADDRESS", "where to listen if not said otherwise (127.0.0.1); repeatable" },
    { 'd', "direct", NULL, "the same as --fallback direct" },
    { 'W', "stdio", "HOST:PORT", "one tunnel, between standard input and output and HOST:PORT" },
    { GRACE, "grace", "SECONDS", "on SIGTERM or SIGINT let open tunnels finish so long (0)" },
    { HALF_CLOSE, "half-close", "WORD", "what becomes of a client's end of file: keep or delay:SECONDS" },
    { KEEPALIVE, "keepalive", "SECONDS", "ask silent peers after so long whether they are there" },
    { 'm', "multithreaded", NULL, "ignored, for those who used to give it" },
    { DEBUG, "debug", NULL, "the same as -vvv" },
    { 0 },
};

static const char head[] =
    "Usage: ptunnel [OPTION]... [ADDRESS:]PORT:HOST:PORT...\n"
    "       ptunnel [OPTION]... -W HOST:PORT\n"
    "Listens on a port, and tunnels who connects there through an HTTP proxy (CONNECT) to HOST:PORT.\n\n";
static const char tail[] =
    "\nPORT 0 is any free one and is printed; /PATH in place of [ADDRESS:]PORT is a socket in the file "
    "system.\n"
    "URL is [http://][USER[:PASSWORD]@]HOST[:PORT]. Without -p the proxy is that of the file of -r, else of\n"
    "$PTUNNEL_PROXY, else of the rule file, else of $https_proxy, $all_proxy, $http_proxy.\n"
    "Exit status: 0 after SIGTERM or SIGINT, or if the tunnel of -W was opened; 2 for a wrong command line;\n"
    "1 for everything else.\n";

static const struct program program = { head, tail, choices, OPERANDS_ANYWHERE, EXIT_USAGE, EXIT_OTHER };

static bool take_grace(struct options *options, const char *value)
{
    int seconds = shared_options_seconds("--grace", value, 0);

    options->grace = seconds * 1000;
    return seconds >= 0;
}

static bool take_half_close(struct options *options, const char *word)
{
    static const char delay[] = "delay:";
    const char *digits = strncmp(word, delay, sizeof delay - 1) == 0 ? word + sizeof delay - 1 : "";
    long seconds = strcmp(word, "keep") == 0 ? 0 : text_to_number(digits, strlen(digits), 1, 86400);

    if (seconds < 0)
        usage_complain("--half-close '%s': expected keep, or delay: and whole seconds from 1 to 86400", word);
    options->half_close = (int)seconds * 1000;
    return seconds >= 0;
}

static bool take_keepalive(struct options *options, const char *value)
{
    options->keepalive = shared_options_seconds("--keepalive", value, 1);
    far_set_keepalive(options->keepalive);
    return options->keepalive > 0;
}

static bool take_fallback(struct options *options, char *word)
{
    options->direct = strcmp(word, "direct") == 0;
    if (options->direct || strcmp(word, "none") == 0)
        return shared_options_take(&options->shared, FALLBACK, word);
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

/* ssh's %h:%p has no brackets. Since there always is a port, what stands in front of the last colon may be an
 * address. */
static const char *parse_target(struct endpoint *out, const char *text)
{
    const char *colon = strrchr(text, ':');

    if (colon && memchr(text, ':', (size_t)(colon - text)) &&
        !endpoint_set_host(out, text, (size_t)(colon - text)) && out->literal)
        return endpoint_set_port(out, colon + 1, strlen(colon + 1));
    return endpoint_parse(out, text, strlen(text), 0);
}

static bool take_stdio(struct options *options, const char *target)
{
    const char *wrong = parse_target(&options->target, target);

    if (!wrong && options->stdio)
        wrong = "only one -W is possible";
    if (wrong)
        usage_complain("-W '%s': %s", target, wrong);
    options->stdio = target;
    return !wrong;
}

static bool take(struct options *options, int id, char *value)
{
    switch (id) {
    case 'l':
        return take_listen(options, value);
    case 'd':
        return take_fallback(options, "direct");
    case 'W':
        return take_stdio(options, value);
    case GRACE:
        return take_grace(options, value);
    case HALF_CLOSE:
        return take_half_close(options, value);
    case KEEPALIVE:
        return take_keepalive(options, value);
    case 'm':
        return true;
    case DEBUG:
        options->shared.verbose = 3;
        return true;
    case FALLBACK:
        return take_fallback(options, value);
    default:
        return shared_options_take(&options->shared, id, value);
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
    free(options->shared.rules.rows);
    free(options->shared.proxy.password);
}

struct options options_or_exit(int argc, char **argv)
{
    struct options options = { .listen = calloc((size_t)argc + 1, sizeof(char *)) };
    int id;

    if (!options.listen)
        exit(EXIT_OTHER);
    shared_options_start(&program);
    while ((id = usage_next(argc, argv)) != -1)
        if (!take(&options, id, optarg))
            shared_options_fail_usage();
    options.operands = argv + optind;
    if (!check_operands(&options))
        shared_options_fail_usage();
    return options;
}
