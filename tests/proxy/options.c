#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { LISTEN = 1, ON, SCRIPT, LOG, LOG_HEADERS, ON_ACCEPT, HELP };

static const struct option long_options[] = {
    {"listen", required_argument, NULL, LISTEN},
    {"on", required_argument, NULL, ON},
    {"script", required_argument, NULL, SCRIPT},
    {"log", required_argument, NULL, LOG},
    {"log-headers", no_argument, NULL, LOG_HEADERS},
    {"on-accept", required_argument, NULL, ON_ACCEPT},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: proxy --listen ADDR:PORT [--listen [V6]:PORT]... [--on PATTERN ACTIONS]... [--script FILE]...\n"
    "             [--log FILE] [--log-headers] [--on-accept close|reset|hang]\n"
    "An HTTP CONNECT proxy that behaves, and misbehaves on demand. For tests only.\n\n"
    "Port 0 is any; `listening ADDR:PORT` is printed. The log has a line `CONNECT AUTHORITY STATUS` for\n"
    "each decision (STATUS is a code, or close, reset, hang, raw), `EARLY AUTHORITY N` for N bytes that\n"
    "came before the reply was sent, `ACCEPT WORD` for --on-accept, and with --log-headers a line\n"
    "`HEADER Name: value` for each request header. SIGUSR1 logs counters.\n\n"
    "PATTERN is an fnmatch(3) glob on the authority; the first that matches counts. FILE has lines `PATTERN\n"
    "ACTIONS` and # comments. ACTIONS, separated by `;`:\n";

static _Noreturn void fail(const char *place, const char *message, const char *word)
{
    fprintf(stderr, "proxy: %s: %s '%s'\n", place, message, word);
    exit(2);
}

static void take_listen(struct options *options, const char *text)
{
    struct addresses found;

    if (options->listen_count == LISTENERS_MOST)
        fail("--listen", "too many, at", text);
    if (!address_valid(text, 0) || !address_resolve(&found, text))
        fail("--listen", "expected ADDR:PORT or [V6]:PORT, not", text);
    options->listen[options->listen_count++] = found.list[0];
}

/* --on has two arguments; getopt_long() knows of the first only. */
static void take_on(struct options *options, int argc, char **argv)
{
    struct bytes place = {0};

    if (optind == argc)
        fail("--on", "expected ACTIONS after", optarg);
    bytes_print(&place, "--on '%s'", optarg);
    script_add(&options->script, place.data, optarg, argv[optind++]);
    bytes_free(&place);
}

static void take_on_accept(struct options *options, const char *word)
{
    options->turn_away = true;
    if (!ending_parse(&options->on_accept, word))
        fail("--on-accept", "expected close, reset or hang, not", word);
}

static _Noreturn void help(void)
{
    fputs(usage, stdout);
    script_help(stdout);
    exit(0);
}

void options_parse(struct options *options, int argc, char **argv)
{
    int option;

    *options = (struct options){0};
    /* "+": in order, or the ACTIONS of --on would be moved behind the other options. */
    while ((option = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
        switch (option) {
        case LISTEN:
            take_listen(options, optarg);
            break;
        case ON:
            take_on(options, argc, argv);
            break;
        case SCRIPT:
            script_read(&options->script, optarg);
            break;
        case LOG:
            options->log = optarg;
            break;
        case LOG_HEADERS:
            options->log_headers = true;
            break;
        case ON_ACCEPT:
            take_on_accept(options, optarg);
            break;
        case HELP:
            help();
        default:
            exit(2);
        }
    }
    if (optind < argc)
        fail("command line", "unexpected", argv[optind]);
    if (options->listen_count == 0)
        fail("command line", "expected at least one", "--listen ADDR:PORT");
}
