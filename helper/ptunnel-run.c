/* ptunnel-run: runs one command with the library in front of its connect(). Checks everything, hands it over
 * in the environment and execs, so that the command has this process: its pid, terminal, signals and exit
 * status. */
#include "common/agency.h"
#include "common/libc_net.h"
#include "common/shared_options.h"
#include "run/check.h"
#include "run/child.h"
#include "run/explain.h"
#include "run/handover.h"
#include "run/library.h"
#include "run/log_file.h"
#include "run/menu.h"
#include "run/setup.h"
#include "run/allow.h"
#include "run/show.h"
#include "run/stats.h"
#include "run/strict.h"
#include "run/terminal.h"
#include "supervise/supervise.h"

#include <ptunnel/config.h>
#include <ptunnel/log.h>
#include <ptunnel/preload.h>
#include <ptunnel/reach.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_OURS = 125 };
enum {
    LOOPBACK = 1024,
    FORCE,
    SUPERVISE,
    NO_SUPERVISE,
    STRICT,
    EXPLAIN,
    SHOW,
    CHECK,
    SETUP,
    PORTS,
    STATS,
    COLOR,
    DESKTOP,
    NO_DESKTOP
};

static const struct choice choices[] = {
    { 'r', "rules", "FILE", "read rules from FILE, not ~/.config/ptunnel/rules or /etc/ptunnel/rules" },
    { NO_RULES, "no-rules", NULL, "read no rule file" },
    { 't', "tunnel", "PATTERN", "tunnel these targets; of -t, -n, -x the first that matches counts" },
    { 'n', "direct", "PATTERN", "connect to these without the proxy" },
    { 'x', "reject", "PATTERN", "refuse connections to these" },
    { DEFAULT, "default", "WORD", "all other targets: tunnel, direct or reject" },
    { NAMES, "names", "WORD", "who looks names up: proxy or local" },
    { RESOLVERS, "resolvers", "WORD", "the command's own traffic to port 53: allow, refuse or answer" },
    { LOOPBACK, "loopback", NULL, "tunnel connections to this machine too" },
    { FORCE, "force", NULL, "run also what cannot be tunnelled, and say so" },
    { SUPERVISE, "supervise", NULL, "supervise also a command that could be preloaded" },
    { NO_SUPERVISE, "no-supervise", NULL, "refuse static and Go programs, which need a supervisor" },
    { STRICT, "strict", "=WORD",
      "the kernel keeps the command from any way but the tunnel; a smaller promise: filter" },
    { STATS, "stats", NULL, "stay, and say at the command's end what its connections were" },
    { EXPLAIN, "explain", NULL,
      "run nothing; say where each TARGET would go and why ('-': read them), and how COMMAND" },
    { SHOW, "show", NULL, "run nothing; print the configuration with origins, and how COMMAND would be run" },
    { CHECK, "check", NULL,
      "run nothing; try each proxy, for TARGET (example.com:443), and say what is wrong" },
    { SETUP, "setup", NULL,
      "run nothing; find the proxy, ask for user and password, write the rule file, try it" },
    { DESKTOP, "desktop", NULL, "run nothing; write a menu entry that starts PROGRAM through the proxy" },
    { NO_DESKTOP, "no-desktop", NULL, "run nothing; take it away again" },
    { COLOR, "color", "=WORD", "of --explain, --show and --check: auto, always or never" },
    { PORTS, "ports", NULL, "with --check: a table of the usual ports, and which of them the proxy allows" },
    { 0 },
};

static const char head[] = "Usage: ptunnel-run [OPTION]... [--] COMMAND [ARGUMENT]...\n"
                           "       ptunnel-run [OPTION]... --explain TARGET... [-- COMMAND]\n"
                           "       ptunnel-run [OPTION]... --show [COMMAND]\n"
                           "       ptunnel-run [OPTION]... --check [TARGET]...\n"
                           "       ptunnel-run [OPTION]... --setup [TARGET]...\n"
                           "       ptunnel-run [-r FILE] --desktop|--no-desktop PROGRAM...\n"
                           "Runs COMMAND with its TCP connections sent through an HTTP proxy (CONNECT).\n\n";
static const char tail[] = "\nURL is [http://][USER[:PASSWORD]@]HOST[:PORT]. Without -p the proxy is that of "
                           "the file of -r, else of\n$PTUNNEL_PROXY, else of the rule "
                           "file, else of $https_proxy, $all_proxy, $http_proxy (and then $no_proxy holds).\n"
                           "PATTERN is a HOST, .DOMAIN, *.DOMAIN, IPV4[/BITS], [IPV6][/BITS] or '*', then "
                           "perhaps :PORT, :PORT-PORT, ...: see\n"
                           "ptunnel-rules(5).\n"
                           "Exit status: that of COMMAND; 125 if ptunnel-run failed, 126 if COMMAND cannot "
                           "be run, 127 if it is not found;\n"
                           "with --check 0 if all is well, otherwise see ptunnel-run(1).\n";

static const struct program program = { head, tail, choices, OPERANDS_END_OPTIONS, EXIT_OURS, EXIT_OURS };

struct options {
    struct shared_options shared;
    bool loopback;
    bool explain, show, check, setup, ports, stats, desktop, no_desktop;
    struct allow allow;
    char **command;
};

/* Of the options that are said or not; NULL: it is another one. */
static bool *flag_of(struct options *options, int id)
{
    const struct {
        int id;
        bool *flag;
    } flags[] = {
        { LOOPBACK, &options->loopback },
        { FORCE, &options->allow.force },
        { EXPLAIN, &options->explain },
        { SUPERVISE, &options->allow.supervise },
        { NO_SUPERVISE, &options->allow.no_supervise },
        { SHOW, &options->show },
        { CHECK, &options->check },
        { SETUP, &options->setup },
        { PORTS, &options->ports },
        { STATS, &options->stats },
        { DESKTOP, &options->desktop },
        { NO_DESKTOP, &options->no_desktop },
    };

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].id == id)
            return flags[i].flag;
    return NULL;
}

static bool take_strict(struct options *options, const char *word)
{
    if (!word)
        return options->allow.strict = true;
    if (strcmp(word, "filter") == 0)
        return rule_options_take(&options->shared.rules, CHILDREN, "refuse");
    usage_complain("--strict '%s': expected nothing or filter", word);
    return false;
}

static bool take_color(const char *value)
{
    if (terminal_choose(value ? value : "always"))
        return true;
    usage_complain("--color '%s': expected auto, always or never", value);
    return false;
}

static bool take(struct options *options, int id, char *value)
{
    bool *flag = flag_of(options, id);

    if (flag)
        return *flag = true;
    if (id == STRICT)
        return take_strict(options, value);
    if (id == COLOR)
        return take_color(value);
    return shared_options_take(&options->shared, id, value);
}

/* What does not go together, or is missing. */
static void check_or_exit(const struct options *options)
{
    const char *wrong = NULL;

    if (options->ports && !options->check)
        wrong = "--ports belongs to --check";
    else if (options->allow.strict && options->allow.force)
        wrong = "--force runs what --strict refuses: say one of them";
    else if (options->allow.strict && options->allow.no_supervise)
        wrong = "--no-supervise forbids what --strict needs: say one of them";
    else if (options->stats && (options->show || options->check || options->setup || options->explain))
        wrong = "--stats belongs to a command";
    else if (options->stats && (options->shared.log || options->shared.log_format))
        wrong = "--stats has a log of its own: leave --log and --log-format out";
    else if (!options->show && !options->check && !options->setup && !options->command[0])
        wrong = options->explain ? "no target to explain" : "no command to run";
    else if (options->desktop &&
             (options->shared.proxy.count || options->shared.proxy.user || options->shared.rules.all.count))
        wrong = "--desktop: the entry goes by a rule file: put the proxy and its like there (--setup does), "
                "or name one with -r";
    if (wrong) {
        usage_complain("%s", wrong);
        shared_options_fail_usage();
    }
}

static struct options options_or_exit(int argc, char **argv)
{
    struct options options = { 0 };
    int id;

    shared_options_start(&program);
    while ((id = usage_next(argc, argv)) != -1)
        if (!take(&options, id, optarg))
            shared_options_fail_usage();
    options.command = argv + optind;
    check_or_exit(&options);
    options.allow.quiet = options.shared.verbose < 0;
    options.allow.verbose = options.shared.verbose > 0;
    return options;
}

static void export(const char *name, const char *value)
{
    if (!handover_variable(name, value))
        exit(EXIT_OURS);
}

/* A variable that the user may set as well, unless an outer ptunnel-run has: PTUNNEL_VERBOSE is its mark. */
static const char *users_own(const char *name)
{
    const char *mark = getenv("PTUNNEL_VERBOSE");

    return mark && mark[0] ? NULL : getenv(name);
}

static const char *log_file_or_exit(const struct shared_options *options)
{
    const char *path;

    if (!log_file_find(options, users_own("PTUNNEL_LOG"), &path))
        exit(EXIT_OURS);
    return path;
}

static const char *log_format_or_exit(const struct shared_options *options)
{
    const char *word = options->log_format ? options->log_format : users_own("PTUNNEL_LOG_FORMAT");

    if (word && word[0] && !shared_options_log_format("PTUNNEL_LOG_FORMAT", word))
        exit(EXIT_OURS);
    return word;
}

/* With what handover_configuration() sets, all eight variables, so that nothing of an outer ptunnel-run shows
 * through. A rule file that the user names in PTUNNEL_RULES stays named: an inner ptunnel-run may want it. */
static void export_settings_or_exit(const struct options *options)
{
    static const char *const levels[] = { "-1", "0", "1", "2", "3" };

    export("PTUNNEL_LOOPBACK", options->loopback ? "1" : users_own("PTUNNEL_LOOPBACK"));
    export("PTUNNEL_LOG", log_file_or_exit(&options->shared));
    export("PTUNNEL_LOG_FORMAT", log_format_or_exit(&options->shared));
    export("PTUNNEL_VERBOSE", levels[options->shared.verbose + 1]);
    export("PTUNNEL_RUN", options->allow.no_supervise ? NULL : child_own_path());
}

static const struct config *configuration_or_exit(struct options *options)
{
    const struct config *config =
        handover_load(&options->shared.proxy, &options->shared.rules, options->shared.verbose > 0);

    if (!config)
        exit(options->check ? CHECK_NO_PROXY : EXIT_OURS);
    return config;
}

/* --check asks for itself, and says what it finds. */
static void tell_agent_or_exit(const struct config *config, const struct options *options)
{
    enum agency agent = AGENCY_FINE;

    if (!options->show && !options->explain)
        agent = agency_tell(config, false, options->check);
    if (agent == AGENCY_FAILS || (agent == AGENCY_REFUSES && !options->check))
        exit(EXIT_OURS);
}

static const char *library_or_exit(void)
{
    static char path[PATH_MAX];
    const char *wrong;

    library_find(path, sizeof path);
    wrong = access(path, F_OK) < 0 ? "is not there, nor beside ptunnel-run"
                                   : reach_library_wrong(path, &libc_net);
    if (wrong) { /* the loader would warn, and go on without it */
        usage_complain("%s: it %s: reinstall ptunnel", path, wrong);
        exit(EXIT_OURS);
    }
    if (path[strcspn(path, " \t\n:")]) {
        usage_complain("%s: LD_PRELOAD cannot hold a path with blanks or colons: install ptunnel elsewhere",
                       path);
        exit(EXIT_OURS);
    }
    return path;
}

/* In the child, which becomes the command, the log is one that is summed up. */
static void stats_or_exit(struct options *options)
{
    const char *log = stats_begin(options->allow.verbose);

    if (!log)
        exit(EXIT_OURS);
    export("PTUNNEL_LOG", log);
    export("PTUNNEL_LOG_FORMAT", "text");
    log_set_format("text");
    export("PTUNNEL_VERBOSE", "1");
    options->shared.verbose = LOG_CONNECTION;
}

/* Of the command that stands behind --show, or behind the targets of --explain and another "--", which end there. */
static void show_way(const struct options *options)
{
    char **end = options->command, **command = end;

    while (options->explain && *end && strcmp(*end, "--") != 0)
        end++;
    if (options->explain)
        command = *end ? end + 1 : end;
    if (*command)
        allow_show(options->show ? "# " : "", command, options->allow.strict ? NULL : library_or_exit(),
                   &options->allow);
    if (options->explain)
        *end = NULL;
}

static _Noreturn void tell_and_exit(const struct config *config, const struct options *options)
{
    if (options->check)
        exit(check_proxies(config, options->command, options->ports));
    show_way(options);
    exit((options->show ? show(config) : explain(config, options->command)) ? 0 : EXIT_OURS);
}

/* With what is preloaded already. */
static void preload_library_or_exit(struct reach_look *look)
{
    const char *before = getenv("LD_PRELOAD");
    size_t size = PRELOAD_MORE + (before ? strlen(before) : 0);
    char *list = malloc(size);
    struct text whole;

    if (!list) {
        usage_complain("%s", strerror(errno));
        exit(EXIT_OURS);
    }
    whole = text_in(list, size);
    preload_write(&whole, before ? before : "", look, &libc_net);
    export("LD_PRELOAD", list);
    free(list);
}

/* The command is then under a supervisor, or runs without, as was said. */
static void supervise_or_exit(const struct config *config, const struct options *options)
{
    const char *log = getenv("PTUNNEL_LOG"), *wrong;
    struct supervised how = { .config = config,
                              .level = (enum log_level)options->shared.verbose,
                              .log = log && log[0] ? log : NULL,
                              .strict = options->allow.strict };

    wrong = supervise_begin(&how);
    if (wrong && !allow_unsupervised(options->command, &options->allow, wrong))
        exit(EXIT_OURS);
}

/* With --strict nothing is preloaded: the library would find nothing to connect to. */
static void prepare_or_exit(const struct config *config, const struct options *options)
{
    static struct reach_look look;
    const char *library = options->allow.strict ? NULL : library_or_exit();
    enum allowed allowed = allow_command(options->command, library, &look, &options->allow);

    if (allowed == ALLOWED_NOT)
        exit(EXIT_OURS);
    if (allowed == ALLOWED_SUPERVISED)
        supervise_or_exit(config, options);
    if (!options->allow.strict)
        preload_library_or_exit(&look);
}

int main(int argc, char **argv)
{
    struct options options;
    const struct config *config;

    if (child_is(argc, argv))
        child_run(argv);
    options = options_or_exit(argc, argv);
    if (options.setup)
        exit(setup(&options.shared, options.command));
    if (options.desktop || options.no_desktop)
        exit((options.desktop ? menu_add(options.command, &options.shared.rules.all)
                              : menu_remove(options.command))
                 ? 0
                 : EXIT_OURS);
    export_settings_or_exit(&options);
    config = configuration_or_exit(&options);
    tell_agent_or_exit(config, &options);
    if (options.show || options.explain || options.check)
        tell_and_exit(config, &options);
    if (!handover_configuration(config, &options.shared.rules))
        exit(EXIT_OURS);
    if (!strict_allows(config, options.allow.force))
        exit(EXIT_OURS);
    if (options.stats)
        stats_or_exit(&options);
    prepare_or_exit(config, &options);
    if (!options.allow.strict && !strict_begin(config))
        exit(EXIT_OURS);
    child_execute(options.command[0], options.command, environ);
}
