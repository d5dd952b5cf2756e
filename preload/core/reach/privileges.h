/* Privileges that a program gains, for which the loader ignores LD_PRELOAD. */
#ifndef PTUNNEL_PRIVILEGES_H
#define PTUNNEL_PRIVILEGES_H

#include <ptunnel/reach.h>

/* What its IDs and capabilities will do to the loader: REACH_SETID, REACH_CAPABLE, REACH_CALLER or
 * REACH_PRELOADED. */
enum reach reach_privileges(const char *path);

#endif
