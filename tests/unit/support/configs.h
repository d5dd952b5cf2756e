/* Configurations made of variables and files that a test sets up. */
#ifndef UNIT_CONFIGS_H
#define UNIT_CONFIGS_H

#include <ptunnel/config.h>

enum { WORDS_SIZE = 64 * 1024 };

void variables_clear(void);
void variable_set(const char *name, const char *value); /* both must live as long as they are asked for */

/* config_load(), options or NULL; what is wrong is then in config_words. */
int config_try(const struct config **out, const struct config_options *options);
extern char config_words[WORDS_SIZE];
const char *config_plain_words(void); /* without the path of the test's folder; static */

/* What makes a configuration complete. */
#define PROXY "proxy proxy.test:3128\n"

/* The configuration of rule text in PTUNNEL_CONFIG, which must be right. */
const struct config *config_of(const char *rules);

/* "host:port", which must be right. */
struct endpoint target_of(const char *text);

/* "direct", "reject", "tunnel" or "tunnel NAME"; static. */
const char *decision_words(const struct decision *decision);

#endif
