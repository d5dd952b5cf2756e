/* Time as the kernel keeps it. Preloaded libraries give programs another one (faketime), and a deadline
 * kept by that would end early, or never: so it is read by libc's own functions, whoever stands in front
 * of them. */
#ifndef PTUNNEL_CLOCK_H
#define PTUNNEL_CLOCK_H

#include <stdint.h>
#include <time.h>

int64_t clock_now(clockid_t clock); /* nanoseconds of a clock that every Linux has; leaves errno alone */

void clock_pause(int64_t nanoseconds); /* sleeps; shorter if a signal is handled. Leaves errno alone */

#endif
