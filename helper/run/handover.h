/* From the command line to a configuration that is checked, and on to the library in the environment. */
#ifndef PTUNNEL_HANDOVER_H
#define PTUNNEL_HANDOVER_H

#include "../common/proxy_options.h"
#include "../common/rule_options.h"

/* Reads and checks the configuration; asks for a password where one is missing. With `say`, words on standard
 * error name a variable that is not used. NULL, with words there, if something is wrong or no proxy is known. */
const struct config *handover_load(struct proxy_options *proxy, struct rule_options *rules, bool say);

/* Sets a variable for the command; value NULL: to "", which counts as not set. False, with words on standard
 * error, if there is no memory. */
bool handover_variable(const char *name, const char *value);

/* Sets PTUNNEL_PROXY and PTUNNEL_CONFIG. False, with words on standard error, if that cannot be. */
bool handover_configuration(const struct config *config, const struct rule_options *rules);

#endif
