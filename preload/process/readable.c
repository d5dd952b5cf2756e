#include "readable.h"

#include "../real.h"

#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>

enum { WORD = 4, LEAST_PAGE = 4096, HARDLY_EVER = 0x5a1ce7e9 };

/* To wait for no time until a word is no longer what it hardly ever is: nothing is changed, and every sandbox
 * allows it. An aligned word lies in one page. */
static bool word_readable(uintptr_t at)
{
    static const struct timespec no_time;

    return libc()->syscall(SYS_futex, at / WORD * WORD, (long)FUTEX_WAIT_PRIVATE, (long)HARDLY_EVER, &no_time,
                           NULL, 0L) == 0 ||
           errno != EFAULT;
}

bool readable_crosses_page(const void *start, size_t size)
{
    uintptr_t first = (uintptr_t)start, last = first + size - 1;

    return first / LEAST_PAGE != last / LEAST_PAGE;
}

bool readable(const void *start, size_t size)
{
    uintptr_t first = (uintptr_t)start, last = first + size - 1;
    int saved = errno;
    bool readable = last >= first && word_readable(first);

    for (uintptr_t at = first; readable && at / LEAST_PAGE < last / LEAST_PAGE; at += LEAST_PAGE)
        readable = word_readable(at + LEAST_PAGE > last ? last : at + LEAST_PAGE);
    errno = saved;
    return readable;
}
