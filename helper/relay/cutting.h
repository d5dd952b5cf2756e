/* Says, once, that a proxy is known to end both directions of a tunnel when a client ends its own. */
#ifndef PTUNNEL_CUTTING_H
#define PTUNNEL_CUTTING_H

#include <ptunnel/dial.h>

/* A line of LOG_CONNECTION, the first time that a proxy's reply tells its brand and this is one that does so; none if it is
 * `cured`. */
void cutting_say(const struct dial *dial, bool cured);

#endif
