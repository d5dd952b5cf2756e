#include "identity.h"
#include "own.h"

#include "../real.h"

#include <linux/kcmp.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the page says: the kernel makes it WIPED in a forked child. */
enum { WIPED, NOTICED, BEING_NOTICED };

static _Atomic(_Atomic int *) mark; /* to the page; NULL: there is none yet */
static _Atomic int process;         /* getpid(2) of whoever the memory belongs to */
static _Atomic uint32_t generation;

bool identity_begin(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    _Atomic int *page, *none = NULL;

    if (atomic_load(&mark))
        return true;
    page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return false;
    madvise(page, size, MADV_WIPEONFORK); /* before Linux 4.14 a forked child is not told from its parent */
    atomic_store(&process, (int)libc()->syscall(SYS_getpid));
    atomic_store(page, NOTICED);
    if (!atomic_compare_exchange_strong(&mark, &none, page))
        munmap(page, size); /* another thread was faster */
    return true;
}

enum { BEGINS_MOST = 4 };

static void (*_Atomic begins[BEGINS_MOST])(void); /* of identity_at_fork(), in its order; NULL: no more */

void identity_at_fork(void (*begin)(void))
{
    for (int i = 0; i < BEGINS_MOST; i++) {
        void (*none)(void) = NULL;

        if (atomic_load(&begins[i]) == begin || atomic_compare_exchange_strong(&begins[i], &none, begin) ||
            none == begin)
            return;
    }
}

/* Two threads of a child may be the first to look: one notices, the others wait for it, with no signal handler that could
 * come here again. */
static __attribute__((noinline)) void notice(_Atomic int *page)
{
    int wiped = WIPED;
    struct own own;

    own_begin(&own);
    if (atomic_compare_exchange_strong(page, &wiped, BEING_NOTICED)) {
        atomic_store(&process, (int)libc()->syscall(SYS_getpid));
        atomic_fetch_add(&generation, 1);
        for (int i = 0; i < BEGINS_MOST; i++) {
            void (*begin)(void) = atomic_load(&begins[i]);

            if (begin)
                begin();
        }
        atomic_store(page, NOTICED);
    }
    while (atomic_load(page) == BEING_NOTICED)
        sched_yield();
    own_end(&own);
}

uint32_t identity_generation(void)
{
    _Atomic int *page = atomic_load_explicit(&mark, memory_order_acquire);

    if (page && atomic_load_explicit(page, memory_order_acquire) != NOTICED)
        notice(page);
    return atomic_load_explicit(&generation, memory_order_relaxed);
}

int identity_thread(void)
{
    static __thread int thread;
    static __thread uint32_t of_generation;
    uint32_t now = identity_generation();

    if (thread == 0 || of_generation != now) {
        thread = (int)libc()->syscall(SYS_gettid);
        of_generation = now;
    }
    return thread;
}

uint16_t identity_namespace(void)
{
    KEEP_ERRNO;
    static _Atomic uint64_t known; /* generation and one, and what was found */
    uint64_t now = (uint64_t)identity_generation() + 1,
             was = atomic_load_explicit(&known, memory_order_relaxed);
    struct stat found;

    if (was >> 16 != now) {
        was = now << 16;
        if (stat("/proc/self/ns/pid", &found) == 0)
            was |= (uint16_t)found.st_ino;
        atomic_store(&known, was);
    }
    return (uint16_t)was;
}

bool identity_is_gone(int thread)
{
    KEEP_ERRNO;

    return thread != 0 && libc()->syscall(SYS_tkill, (long)thread, 0L) < 0 && errno == ESRCH;
}

static __thread bool is_apart;

bool identity_shares_files(int thread)
{
    KEEP_ERRNO;
    int me = identity_thread();
    bool apart = thread != 0 && thread != me &&
                 libc()->syscall(SYS_kcmp, (long)me, (long)thread, (long)KCMP_FILES, 0L, 0L) > 0;

    is_apart |= apart;
    return !apart;
}

bool identity_is_apart(void)
{
    return is_apart;
}

extern char __libc_single_threaded __attribute__((weak)); /* glibc 2.32 and later */

bool identity_has_threads(void)
{
    return !(&__libc_single_threaded && __libc_single_threaded);
}

bool identity_is_borrowed(void)
{
    identity_generation();
    return atomic_load(&mark) && atomic_load(&process) != (int)libc()->syscall(SYS_getpid);
}
