/* Calls that ask about a socket, answered as if it had gone where the program said. */
#ifndef PTUNNEL_ANSWERS_H
#define PTUNNEL_ANSWERS_H

#include "notify.h"

#include <stdbool.h>

struct supervisor;

/* `fd` is the socket, for the time of the call. The notice is answered, or passed, or kept waiting. */
void answer_peer(struct supervisor *s, const struct notice *notice, int fd); /* getpeername() */
void answer_shutdown(struct supervisor *s, const struct notice *notice, int fd);
void answer_error(struct supervisor *s, const struct notice *notice, int fd); /* getsockopt(SO_ERROR) */

#endif
