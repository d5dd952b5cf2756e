/* `children refuse`, as far as it is ours: no way round the library is left to the command and what it
 * starts. */
#ifndef PTUNNEL_STRICT_H
#define PTUNNEL_STRICT_H

#include <ptunnel/config.h>

#include <stdbool.h>

/* False, with words on standard error, if `force` was said although the setting forbids it. */
bool strict_allows(const struct config *config, bool force);

/* Where the setting holds: no privileges are gained from here on, and io_uring, whose calls no library sees,
 * is what it is in a kernel without. False, with words on standard error, if the kernel will not have it. */
bool strict_begin(const struct config *config);

#endif
