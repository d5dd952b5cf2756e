/* connect(): where it goes, and who makes it. The address is read once, and what is done is done with that copy:
 * another thread that changes it meanwhile changes nothing. So the kernel is never asked to serve the call as it
 * stands, but makes it on a duplicate of the socket. */
#ifndef PTUNNEL_CONNECT_CALL_H
#define PTUNNEL_CONNECT_CALL_H

#include "notify.h"

struct supervisor;

/* `fd` is the socket, of IPv4 or IPv6, for the time of the call. */
void connect_answer(struct supervisor *s, const struct notice *notice, int fd);

/* Of no such socket: the kernel makes the call, but with --strict there are no services that would look a name up. */
void connect_answer_local(struct supervisor *s, const struct notice *notice);

#endif
