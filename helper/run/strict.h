/* `children refuse` in ptunnel-run itself: closes what would lead past the library. */
#ifndef PTUNNEL_STRICT_H
#define PTUNNEL_STRICT_H

#include <ptunnel/config.h>

#include <stdbool.h>

/* False, with words on standard error, if `force` was said although the setting forbids it. */
bool strict_allows(const struct config *config, bool force);

/* If the setting holds: sets no_new_privs (so set-user-ID programs gain nothing and stay preloaded), and a
 * seccomp(2) filter that answers ENOSYS to io_uring_setup(2), whose operations no library sees. False, with
 * words on standard error, if the kernel refuses. */
bool strict_begin(const struct config *config);

#endif
