/* The options that are directives of a rule file, each with an origin of its own. */
#ifndef PTUNNEL_RULE_OPTIONS_H
#define PTUNNEL_RULE_OPTIONS_H

#include <ptunnel/config.h>

#include <stdbool.h>

/* Of the options that have no letter. */
enum { NO_RULES = 512, DEFAULT, FALLBACK, NAMES, RESOLVERS, TIMEOUT, ATTEMPT, CHILDREN, AUTH, SERVICE };

struct rule_options {
    struct config_options all; /* what config_load() takes */
    struct config_option *rows;
};

/* Takes one of those, -r, -t, -n or -x. A setting that is given twice holds as it was given last;
 * config_load() checks the values. False if it is another option or, with words on standard error, if there
 * is no memory or no working directory. */
bool rule_options_take(struct rule_options *options, int id, const char *value);
bool rule_options_add(struct rule_options *options, const char *origin, const char *directive,
                      const char *value);

/* Whether -r was given and the proxy of its file comes before that of PTUNNEL_PROXY: it has one. */
bool rule_options_file_has_proxy(const struct rule_options *options);

#endif
