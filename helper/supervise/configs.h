/* A nested ptunnel-run below a supervisor has rules and proxies of its own, which it hands over in the environment, as to
 * the library. So from the first one on, the configuration that counts for a call is that of the process which makes
 * it, by its environment as it was when it was executed. */
#ifndef PTUNNEL_CONFIGS_H
#define PTUNNEL_CONFIGS_H

#include <ptunnel/config.h>

#include <stdint.h>
#include <sys/types.h>

enum { CONFIGS_MOST = 32 };

struct configs {
    const struct config *own; /* the supervisor's; number 0 */
    uint64_t own_key;
    bool wanted; /* there has been a nested one */
    unsigned count;
    struct {
        uint64_t key; /* of what the environment says */
        const struct config *config;
    } others[CONFIGS_MOST];
};

void configs_start(struct configs *configs, const struct config *own);

/* The number of the one that counts for that process; -1: what it was told is wrong, or cannot be known. */
int configs_number(struct configs *configs, pid_t thread);

/* Of one that is told of here. */
int configs_find(const struct configs *configs, const struct config *config);
const struct config *configs_at(const struct configs *configs, int number);

#endif
