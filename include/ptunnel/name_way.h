/* Which way the look-up of a name goes. A name that a rule may tunnel is not looked up here. */
#ifndef PTUNNEL_NAME_WAY_H
#define PTUNNEL_NAME_WAY_H

#include <ptunnel/config.h>

#include <stdint.h>

enum way {
    WAY_REAL,     /* the resolver's answer, untouched */
    WAY_REMEMBER, /* the resolver's answer, and connect() is to know which name its addresses belong to */
    WAY_STAND_IN,
    WAY_NO_NAME, /* no proxy can be asked for such a name, and it may not be looked up here: not found */
};

/* How a name is looked up that will be used with this port, or, 0, with any. Without a configuration (NULL) nothing
 * leaves the machine. Makes one system call in a process's life; leaves errno undefined. */
enum way name_way(const struct config *config, const char *name, uint16_t port);

#endif
