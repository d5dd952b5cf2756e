#include "readable.h"

#include "../real.h"

#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>

enum { WORD = 4, LEAST_PAGE = 4096, UNLIKELY_VALUE = 0x5a1ce7e9 };

/* FUTEX_WAIT with a time-out of 0 reads one aligned word and returns at once: EFAULT if it cannot be read. It changes
 * nothing, and sandboxes allow futex(2). The expected value need only be unlikely. An aligned word lies in one page. */
static bool word_readable(uintptr_t at)
{
    static const struct timespec no_time;

    return libc()->syscall(SYS_futex, at / WORD * WORD, (long)FUTEX_WAIT_PRIVATE, (long)UNLIKELY_VALUE,
                           &no_time, NULL, 0L) == 0 ||
           errno != EFAULT;
}

/* FUTEX_WAKE_OP adds 0 to a word before it wakes nobody: EFAULT if it cannot be written. */
static bool word_writable(uintptr_t at)
{
    static uint32_t nobody;

    return libc()->syscall(SYS_futex, &nobody, (long)FUTEX_WAKE_OP_PRIVATE, 0L, 0L, at / WORD * WORD,
                           (long)FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_LT, 0)) >= 0 ||
           errno != EFAULT;
}

static bool every_page(const void *start, size_t size, bool (*can)(uintptr_t at))
{
    KEEP_ERRNO;
    uintptr_t first = (uintptr_t)start, last = first + size - 1;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    bool all;

    if (first / LEAST_PAGE == here / LEAST_PAGE && last / LEAST_PAGE == here / LEAST_PAGE)
        return true; /* beside our own variables */
    all = last >= first && can(first);

    for (uintptr_t at = first; all && at / LEAST_PAGE < last / LEAST_PAGE; at += LEAST_PAGE)
        all = can(at + LEAST_PAGE > last ? last : at + LEAST_PAGE);
    return all;
}

bool readable_crosses_page(const void *start, size_t size)
{
    uintptr_t first = (uintptr_t)start, last = first + size - 1;

    return first / LEAST_PAGE != last / LEAST_PAGE;
}

bool readable(const void *start, size_t size)
{
    return every_page(start, size, word_readable);
}

bool readable_and_writable(const void *start, size_t size)
{
    return every_page(start, size, word_writable);
}
