/* The call that makes a process with a copy of this one's memory. What is known is copied with it; what the copy learns is not known
 * here, but for names. A fork that does not come by this call is noticed, too: see process/identity.h. */
#include "../names/stand_in.h"
#include "../real.h"

#include <unistd.h>

EXPORT pid_t fork(void)
{
    stand_in_before_fork();
    return real()->fork();
}

EXPORT pid_t __fork(void) __attribute__((nothrow, alias("fork")));
