/* From the command line and the environment to what relays need: limits, and a route for each target. */
#ifndef PTUNNEL_SETUP_H
#define PTUNNEL_SETUP_H

#include "options.h"

#include <ptunnel/config.h>

struct setup {
    const struct config
        *config; /* its default route has no proxy if none is known and the fallback is wanted */
    struct dial_limits limits;
};

/* Reads the configuration, opens the log, asks for a password if need be. Ends the program if something is
 * wrong, with words on standard error. */
struct setup setup_or_exit(struct options *options);

/* The route to a target, which becomes the address that /etc/hosts has for its name, if that is another machine's and no
 * rule speaks of the name: the default one, unless a rule names another. If the fallback is not wanted
 * one of its proxies must resolve. Ends the program if not, or if a rule rejects the target, with words on
 * standard error that name `argument`. */
struct route *setup_route_or_exit(const struct setup *setup, struct endpoint *target, const char *argument);

#endif
