/* Everything the user decided, gathered once and never changed afterwards (but for what is learnt of each proxy, see
 * route.h). It lives in the arena, so it is never freed. */
#ifndef PTUNNEL_CONFIG_H
#define PTUNNEL_CONFIG_H

#include <ptunnel/dial.h>
#include <ptunnel/endpoint.h>
#include <ptunnel/net.h>
#include <ptunnel/route.h>

#include <stdbool.h>

enum verdict { VERDICT_DIRECT, VERDICT_TUNNEL, VERDICT_REJECT };

struct decision {
    enum verdict verdict;
    struct route *route; /* of VERDICT_TUNNEL */
};

struct config;

/* Where a variable's value comes from: getenv(3), or what the library kept of the environment at its start. */
typedef const char *config_variable(const char *name);

/* The configuration of PTUNNEL_CONFIG, PTUNNEL_PROXY, PTUNNEL_RULES, PTUNNEL_LOOPBACK and the *_proxy variables.
 * Returns 0; -ENOENT if all is well but no proxy is known; -EINVAL if something is wrong; -ENOMEM. What is wrong
 * is added to `wrong`, a line for each thing, no secret in it. *out is set only on 0. */
int config_load(const struct config **out, config_variable *variable, const struct net *net, struct text *wrong);

/* Costs no system call and no look-up. */
struct decision config_decide(const struct config *config, const struct endpoint *target);

const struct dial_limits *config_limits(const struct config *config);

#endif
