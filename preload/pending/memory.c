#include "memory.h"

#include "../real.h"

#include <stdint.h>
#include <sys/syscall.h>

enum { WORD = 8, LEAST_PAGE = 4096, NO_SUCH_OPERATION = -1 };

/* The kernel takes the signal set, which is a word long, before it finds that there is nothing to be done with it. An aligned
 * word lies in one page. */
static bool word_readable(uintptr_t at)
{
    return real()->syscall(SYS_rt_sigprocmask, (long)NO_SUCH_OPERATION, at / WORD * WORD, NULL, (long)WORD) < 0 &&
           errno != EFAULT;
}

bool memory_crosses_page(const void *start, size_t size)
{
    uintptr_t first = (uintptr_t)start, last = first + size - 1;

    return first / LEAST_PAGE != last / LEAST_PAGE;
}

bool memory_readable(const void *start, size_t size)
{
    uintptr_t first = (uintptr_t)start, last = first + size - 1;
    int saved = errno;
    bool readable = last >= first && word_readable(first);

    for (uintptr_t at = first; readable && at / LEAST_PAGE < last / LEAST_PAGE; at += LEAST_PAGE)
        readable = word_readable(at + LEAST_PAGE > last ? last : at + LEAST_PAGE);
    errno = saved;
    return readable;
}
