/* Open tunnels that leave the process, by execve(2) or SCM_RIGHTS: which address the program asked for is written down
 * for the one that gets them, in a file that the user's processes share (see ptunnel/private_file.h), by SO_COOKIE. */
#ifndef PTUNNEL_HANDED_H
#define PTUNNEL_HANDED_H

#include "peer.h"

#include <ptunnel/private_file.h>

/* Whether anything was ever handed over by this user's processes since the machine was started. */
bool handed_any(void);

/* False: there is none for the socket. */
bool handed_find(uint64_t cookie, struct peer *out);

/* Tunnels are handed over between these two, with signals held back. False: the file cannot be used;
 * handed_end() is not due then. */
bool handed_begin(struct private_file *file);
void handed_put(const struct private_file *file, uint64_t cookie, const struct peer *peer);
void handed_end(struct private_file *file);

#endif
