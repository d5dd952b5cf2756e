/* What the library is in this process: whether it may act at all, and what it was told. */
#ifndef PTUNNEL_GUEST_H
#define PTUNNEL_GUEST_H

#include <ptunnel/config.h>

#include <stdbool.h>

/* False in a program that runs with more rights than its user (AT_SECURE, getauxval(3)): nothing read,
 * nothing hooked. The first call, perhaps by another library's constructor, before ours, keeps the environment
 * and opens the log. Leaves errno alone. */
bool guest_may_act(void);

/* The configuration, read at the first call. NULL: there is none, it is wrong, or it cannot be read just now
 * (short of descriptors or memory), and then the next call tries again; nothing but loopback may be let out.
 * Async-signal-safe once it has been read; never waits for another thread. Leaves errno alone. */
const struct config *guest_config(void);

/* Whether guest_config() has not read it yet: a NULL may be a configuration later. */
bool guest_config_is_due(void);

/* Whether an unreachable child must not be started (`children refuse`). Yes, too, if ptunnel-run's
 * configuration can no longer be read; no, if the library is preloaded for the whole machine: sudo(8) is
 * needed to mend it. */
bool guest_refuses_children(void);

/* To the user, once, when something was not let out because there is no
 * configuration: why, and what to do. */
void guest_say_why(void);

/* Looks the names of proxies up again whose addresses do not answer any more. Called inside a look-up of the
 * program's own, which may take as long as a resolver does. Leaves errno alone. */
void guest_look_up_proxies(void);

#endif
