/* Whether any process of this user may still ask: ptunnel-run's children have the socket's path in their
 * environment. */
#ifndef PTUNNEL_USERS_H
#define PTUNNEL_USERS_H

#include <stdbool.h>

bool users_have(const char *path);

#endif
