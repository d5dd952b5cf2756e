/* A target that a `reject` rule, or no rule at all, keeps in. */
#ifndef PTUNNEL_REFUSE_H
#define PTUNNEL_REFUSE_H

#include "claim.h"

/* connect(2) to it: the kernel itself plays a refused connection. 0 or a negative errno, as natively. */
int refuse_claimed(const struct claim *claim);

#endif
