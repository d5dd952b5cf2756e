/* What is done before the program runs. */
#include "../process/environment.h"
#include "../process/guest.h"
#include "../real.h"
#include "../sockets/slot.h"

#include <ptunnel/log.h>

#include <string.h>
#include <sys/auxv.h>

static enum log_level level_asked(void)
{
    const char *verbose = environment_variable("PTUNNEL_VERBOSE");

    if (verbose && strcmp(verbose, "-1") == 0)
        return LOG_QUIET;
    if (verbose && verbose[0] >= '1' && verbose[0] <= '3' && !verbose[1])
        return (enum log_level)(verbose[0] - '0');
    return LOG_FAILURE;
}

static const char *log_path(void)
{
    const char *path = environment_variable("PTUNNEL_LOG");

    return path && path[0] == '/' ? path : NULL;
}

__attribute__((constructor)) static void start(void)
{
    int saved = errno;

    real();
    slot_begin();
    if (getauxval(AT_SECURE) == 0) {
        environment_keep();
        log_guard_stderr();
        log_open(&real_net, level_asked(), log_path(), true);
        guest_allow();
    }
    errno = saved;
}
