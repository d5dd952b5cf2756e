#include "shared_options.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECRET = 256, LOG, LOG_FORMAT };

struct row {
    struct choice choice;
    bool (*take)(struct shared_options *options, const struct row *row, char *value);
    size_t word; /* of keep(): the field that points to it */
};

static const struct program *program;

static bool take_proxy(struct shared_options *options, const struct row *row, char *value)
{
    bool added = proxy_options_add(&options->proxy, value);

    (void)row;
    proxy_options_blot_out(value);
    return added;
}

static bool take_password(struct shared_options *options, const struct row *row, char *value)
{
    (void)row;
    return proxy_options_password(&options->proxy, value);
}

static bool keep(struct shared_options *options, const struct row *row, char *value)
{
    *(const char **)((char *)options + row->word) = value;
    return true;
}

static bool take_setting(struct shared_options *options, const struct row *row, char *value)
{
    return rule_options_take(&options->rules, row->choice.id, value);
}

static bool take_seconds(struct shared_options *options, const struct row *row, char *value)
{
    return shared_options_seconds(row->choice.id == TIMEOUT ? "--timeout" : "--attempt", value, 1) > 0 &&
           take_setting(options, row, value);
}

/* "negotiate,digest": in a rule file they are words. */
static bool take_schemes(struct shared_options *options, const struct row *row, char *value)
{
    for (char *comma = strchr(value, ','); comma; comma = strchr(comma, ','))
        *comma = ' ';
    return take_setting(options, row, value);
}

/* -q and then -v is as -v alone. */
static bool take_loudness(struct shared_options *options, const struct row *row, char *value)
{
    (void)value;
    if (row->choice.id == 'q')
        options->verbose = -1;
    else if (options->verbose < 3)
        options->verbose = options->verbose < 0 ? 1 : options->verbose + 1;
    return true;
}

bool shared_options_log_format(const char *origin, const char *word)
{
    if (log_set_format(word))
        return true;
    usage_complain("%s '%s': expected text or json", origin, word);
    return false;
}

static bool take_format(struct shared_options *options, const struct row *row, char *value)
{
    (void)row;
    options->log_format = value;
    return shared_options_log_format("--log-format", value);
}

static bool print_and_exit(struct shared_options *options, const struct row *row, char *value)
{
    (void)options, (void)value;
    if (row->choice.id == 'h')
        usage_print(program->head, program->tail);
    else
        printf("%s " PTUNNEL_VERSION "\n", program_invocation_short_name);
    exit(fflush(stdout) == 0 ? 0 : program->exit_other);
}

#define FIELD(name) offsetof(struct shared_options, name)

/* In the order of --help. */
static const struct row shared[] = {
    { { 'p', "proxy", "URL", "the HTTP proxy to go through; give it again for a second choice" },
      take_proxy,
      0 },
    { { 'U', "user", "NAME", "user name for the proxy" }, keep, FIELD(proxy.user) },
    { { 'P', "password", "TEXT", "its password; without -P it is asked for" }, take_password, 0 },
    { { SECRET, "password-file", "FILE", "its password is the first line of FILE" },
      keep,
      FIELD(proxy.password_file) },
    { { AUTH, "auth", "WORD",
        "what the proxy wants: auto, negotiate, ntlm, digest or basic (several with commas)" },
      take_schemes,
      0 },
    { { SERVICE, "service", "NAME", "the proxy's Kerberos service, if not HTTP@ and its name" },
      take_setting,
      0 },
    { { FALLBACK, "fallback", "WORD", "when no proxy can be reached: none (fail) or direct" },
      take_setting,
      0 },
    { { TIMEOUT, "timeout", "SECONDS", "the most that opening a tunnel may take (65)" }, take_seconds, 0 },
    { { ATTEMPT, "attempt", "SECONDS", "the most for one proxy while another is left (10)" },
      take_seconds,
      0 },
    { .take = NULL }, /* here a program's own ones stand */
    { { 'v', "verbose", NULL, "say more; up to three times" }, take_loudness, 0 },
    { { 'q', "quiet", NULL, "say nothing, not even why a tunnel failed" }, take_loudness, 0 },
    { { LOG, "log", "FILE", "say it in FILE instead of standard error" }, keep, FIELD(log) },
    { { LOG_FORMAT, "log-format", "WORD", "how it is said: text or json (one object a line)" },
      take_format,
      0 },
    { { 'h', "help", NULL, "print this" }, print_and_exit, 0 },
    { { 'V', "version", NULL, "print the version" }, print_and_exit, 0 },
};
enum { SHARED = sizeof shared / sizeof *shared };

void shared_options_start(const struct program *started)
{
    program = started;
    usage_start(program->operands);
    for (size_t i = 0; i < SHARED; i++)
        if (shared[i].choice.name)
            usage_add(&shared[i].choice);
        else
            for (const struct choice *own = program->own; own->name; own++)
                usage_add(own);
}

bool shared_options_take(struct shared_options *options, int id, char *value)
{
    for (size_t i = 0; i < SHARED; i++)
        if (shared[i].choice.id == id)
            return shared[i].take(options, &shared[i], value);
    return rule_options_take(&options->rules, id, value);
}

_Noreturn void shared_options_fail_usage(void)
{
    fprintf(stderr, "Try '%s --help'.\n", program_invocation_short_name);
    exit(program->exit_usage);
}

/* NULL, or what is wrong. */
static const char *log_wrong(const char *path)
{
    const char *wrong;
    int fd = log_open_file(path, &wrong);

    if (fd >= 0)
        close(fd);
    return wrong || fd >= 0 ? wrong : strerror(-fd);
}

bool shared_options_log_writable(const char *origin, const char *path)
{
    const char *wrong = origin[0] != '-' && path[0] != '/' ? "is not an absolute path" : log_wrong(path);

    if (wrong)
        usage_complain("%s '%s': %s", origin, path, wrong);
    return !wrong;
}

int shared_options_seconds(const char *option, const char *value, int least)
{
    long seconds = text_to_number(value, strlen(value), least, 86400);

    if (seconds < 0)
        usage_complain("%s '%s': expected whole seconds from %d to 86400", option, value, least);
    return (int)seconds;
}
