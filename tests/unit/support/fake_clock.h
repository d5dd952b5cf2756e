/* Clocks that only move when a test says so. The programs are linked with -Wl,--wrap=clock_now; until
 * clock_stop() the real one is asked. */
#ifndef UNIT_FAKE_CLOCK_H
#define UNIT_FAKE_CLOCK_H

#include <stdint.h>
#include <time.h>

void clock_stop(void); /* at 1000 s */
void clock_pass(int64_t milliseconds);
void clock_run(void);

int64_t __wrap_clock_now(clockid_t clock);
int64_t __real_clock_now(clockid_t clock);

#endif
