/* What the library is in this process: whether it may act at all, and what it was told. */
#ifndef PTUNNEL_GUEST_H
#define PTUNNEL_GUEST_H

#include <ptunnel/config.h>

#include <stdbool.h>

/* False in a program that runs with more rights than its user (AT_SECURE, getauxval(3)): nothing read,
 * nothing hooked. */
bool guest_may_act(void);

/* The configuration, read at the first call. NULL: there is none or it is wrong; nothing but loopback may be
 * let out. Async-signal-safe once it has been read; never waits for another thread. */
const struct config *guest_config(void);

/* Whether a child that would run outside the tunnel is not to be started. A configuration that ptunnel-run
 * handed over and that is no longer good lets out as little in this way as in others; but who preloads the
 * library for the whole machine must still come by sudo(8) to mend a file. */
bool guest_refuses_children(void);

/* To the user, once, when something was not let out because there is no
 * configuration: why, and what to do. */
void guest_say_why(void);

#endif
