/* What reach_look() finds, in the test's folder as $PATH. */
#ifndef UNIT_LOOKS_H
#define UNIT_LOOKS_H

#include <ptunnel/reach.h>

extern const struct net look_net;

/* The file that decided goes to `found` (PATH_MAX bytes), unless that is NULL. */
enum reach look_as(const char *file, char *const *argv, bool search, char *found);
enum reach look_at(const char *name); /* a file in the folder, without arguments */

#endif
