/* Results, written where a call wants them. */
#ifndef PTUNNEL_TELL_H
#define PTUNNEL_TELL_H

#include "notify.h"

#include <stdbool.h>

struct supervisor;

/* What a connect() came to, 0 or a positive errno, told to whoever waits for it by connect() or by
 * getsockopt(SO_ERROR). False: nobody waits any more. */
bool tell_result(struct supervisor *s, const struct notice *notice, int error);

/* Writes an address as the kernel does: as much of it as there is room for, and its whole size. 0, or a negative
 * errno that the call is to say. */
int tell_address(const struct notice *notice, const void *address, unsigned size, uint64_t to,
                 uint64_t room_at);

#endif
