#include "rule_options.h"
#include "libc_net.h"
#include "usage.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const struct {
    int id;
    const char *origin, *directive;
    bool setting; /* the last one counts; of patterns each one does */
} options_known[] = {
    { 't', "-t", "tunnel", false },
    { 'n', "-n", "direct", false },
    { 'x', "-x", "reject", false },
    { DEFAULT, "--default", "default", true },
    { FALLBACK, "--fallback", "fallback", true },
    { NAMES, "--names", "names", true },
    { RESOLVERS, "--resolvers", "resolvers", true },
    { TIMEOUT, "--timeout", "timeout", true },
    { ATTEMPT, "--attempt", "attempt", true },
    { CHILDREN, "--strict=filter", "children", true },
    { AUTH, "--auth", "auth", true },
    { SERVICE, "--service", "service", true },
};
enum { KNOWN = sizeof options_known / sizeof *options_known };

bool rule_options_add(struct rule_options *options, const char *origin, const char *directive,
                      const char *value)
{
    size_t count = options->all.count;
    struct config_option *rows = realloc(options->rows, (count + 1) * sizeof *rows);

    if (!rows) {
        usage_complain("%s", strerror(ENOMEM));
        return false;
    }
    rows[count] = (struct config_option){ .origin = origin, .directive = directive, .value = value };
    options->rows = rows;
    options->all.rows = rows;
    options->all.count++;
    return true;
}

static bool set(struct rule_options *options, size_t known, const char *value)
{
    for (size_t i = 0; options_known[known].setting && i < options->all.count; i++)
        if (strcmp(options->rows[i].directive, options_known[known].directive) == 0) {
            options->rows[i].value = value;
            return true;
        }
    return rule_options_add(options, options_known[known].origin, options_known[known].directive, value);
}

static bool set_file(struct rule_options *options, const char *path)
{
    char here[PATH_MAX], *whole = NULL;

    options->all.rules = path;
    if (path[0] == '/')
        return true;
    if (path[0] && getcwd(here, sizeof here) && asprintf(&whole, "%s/%s", here, path) >= 0) {
        options->all.rules = whole;
        return true;
    }
    usage_complain("-r '%s': %s", path, path[0] ? strerror(errno) : "expected a path");
    return false;
}

bool rule_options_take(struct rule_options *options, int id, const char *value)
{
    if (id == 'r')
        return set_file(options, value);
    if (id == NO_RULES)
        options->all.rules = "";
    for (size_t i = 0; i < KNOWN; i++)
        if (options_known[i].id == id)
            return set(options, i, value);
    return id == NO_RULES;
}

/* The environment without the variables that name proxies. */
static const char *other_variable(const char *name)
{
    size_t size = strlen(name);

    return size >= 5 && strcasecmp(name + size - 5, "proxy") == 0 ? NULL : getenv(name);
}

bool rule_options_file_has_proxy(const struct rule_options *options)
{
    const char *file = options->all.rules;
    char ignored[1];
    struct text wrong = text_in(ignored, sizeof ignored);
    const struct config *config;

    return file && file[0] && config_load(&config, &options->all, other_variable, &libc_net, &wrong) == 0 &&
           config_route(config, 0)->route.count > 0;
}
