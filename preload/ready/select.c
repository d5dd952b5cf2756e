#include "keeper.h"
#include "ready.h"
#include "tray.h"

#include "../real.h"
#include "../pending/step.h"
#include "../process/own.h"
#include "../process/readable.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

/* glibc lets the sets be larger than fd_set, as long as count says so: they are bit arrays of words. */
enum { SLICE = 100, WORD_BITS = 8 * sizeof(unsigned long), ON_STACK_WORDS = 3 * 1024 / WORD_BITS };
enum { READS, WRITES, EXCEPTS, SETS };

struct sets {
    unsigned long *set[SETS]; /* NULL: not asked for */
    size_t words;             /* of each */
};

static bool has(const struct sets *sets, int which, int fd)
{
    return sets->set[which] && (sets->set[which][fd / (int)WORD_BITS] >> (fd % (int)WORD_BITS) & 1);
}

static void put(struct sets *sets, int which, int fd, bool in)
{
    unsigned long bit = 1UL << (fd % (int)WORD_BITS);

    if (in)
        sets->set[which][fd / (int)WORD_BITS] |= bit;
    else
        sets->set[which][fd / (int)WORD_BITS] &= ~bit;
}

static struct entry *pending_at(const struct sets *sets, int fd)
{
    struct entry *entry;

    if (!has(sets, READS, fd) && !has(sets, WRITES, fd) && !has(sets, EXCEPTS, fd))
        return NULL;
    entry = pending_find(fd);
    return entry && atomic_load(&entry->state) == ENTRY_PENDING ? entry : NULL;
}

static struct sets sets_of(int count, fd_set *reads, fd_set *writes, fd_set *excepts)
{
    return (struct sets){ { (unsigned long *)reads, (unsigned long *)writes, (unsigned long *)excepts },
                          ((size_t)count + WORD_BITS - 1) / WORD_BITS };
}

/* Finds by trial how many bits of a set the kernel reads: puts ever larger sets in front of an unreadable
 * page, which begins at `end`, until select() does not say EFAULT. */
static int count_before(char *end, int count)
{
    static const struct timespec no_time;
    int looked_at = FD_SETSIZE;
    sigset_t all;

    sigfillset(&all);
    while (looked_at < count && looked_at < FD_MAP_NUMBERS &&
           libc()->pselect(count, (fd_set *)(end - looked_at / 8), NULL, NULL, &no_time, &all) < 0 &&
           errno == EFAULT)
        looked_at *= 2;
    return looked_at < count && looked_at < FD_MAP_NUMBERS ? looked_at : count;
}

/* The kernel looks at no more bits than the process's table of descriptors has places. So programs pass
 * getdtablesize(), which may be a million, with an ordinary fd_set: what lies behind that must not be read,
 * let alone written. */
static int count_looked_at(int count)
{
    KEEP_ERRNO;
    enum { ROOM = FD_MAP_NUMBERS / 8, WALL = 64 * 1024 };
    int cancel;
    char *memory;

    if (count <= FD_SETSIZE)
        return count;
    memory = mmap(NULL, ROOM + WALL, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return FD_SETSIZE;
    cancel = cancel_hold(); /* pselect(2) is a place to be cancelled in */
    mprotect(memory, ROOM, PROT_READ | PROT_WRITE);
    count = count_before(memory + ROOM, count);
    munmap(memory, ROOM + WALL);
    cancel_release(cancel);
    return count;
}

bool ready_select_concerned(int *all, const fd_set *reads, const fd_set *writes, const fd_set *excepts)
{
    int count = count_looked_at(*all);
    struct sets sets = sets_of(count, (fd_set *)reads, (fd_set *)writes, (fd_set *)excepts);

    *all = count;
    for (int which = 0; count > 0 && which < SETS; which++)
        if (sets.set[which] && !readable_and_writable(sets.set[which], sets.words * sizeof(unsigned long)))
            return false;
    for (int fd = 0; fd < count; fd++)
        if (pending_at(&sets, fd) || (has(&sets, READS, fd) && pending_in_set(fd)))
            return true;
    return false;
}

/* For the wait: pending descriptors by what their dials want. For the answer: without them. */
static bool look_through(struct sets *view, const struct sets *asked, int count, bool answer)
{
    bool some = false;

    for (int which = 0; which < SETS; which++)
        if (asked->set[which])
            memcpy(view->set[which], asked->set[which], asked->words * sizeof(unsigned long));
        else
            memset(view->set[which], 0, asked->words * sizeof(unsigned long));
    for (int fd = 0; fd < count; fd++) {
        struct entry *entry = pending_at(asked, fd);

        if (!entry)
            continue;
        some = true;
        for (int which = 0; which < SETS; which++)
            put(view, which, fd, false);
        if (!answer)
            put(view, atomic_load(&entry->want) == DIAL_WANT_READ ? READS : WRITES, fd, true);
    }
    return some;
}

static int select_until(int count, const struct sets *sets, struct deadline end, const sigset_t *mask)
{
    int64_t left = end.at == INT64_MAX ? 0 : end.at - deadline_now();
    struct timespec time = { 0 };

    if (left > 0)
        time = (struct timespec){ left / 1000000000, left % 1000000000 };
    return libc()->pselect(count, (fd_set *)sets->set[READS], (fd_set *)sets->set[WRITES],
                           (fd_set *)sets->set[EXCEPTS], end.at == INT64_MAX ? NULL : &time, mask);
}

/* Steps what is ready, or everything when a slice has run out. True if the
 * program may have something to see. */
static bool step_ready(const struct sets *view, const struct sets *asked, int count, bool none_ready)
{
    bool news = false;

    for (int fd = 0; fd < count; fd++) {
        struct entry *entry = pending_at(asked, fd);
        bool ready = !none_ready && (has(view, READS, fd) || has(view, WRITES, fd) || has(view, EXCEPTS, fd));

        if (entry && (ready || none_ready)) {
            news |= pending_step(fd, entry);
        } else if (ready) {
            pending_step_set(fd);
            news = true;
        }
    }
    return news;
}

/* The same, and *interrupted: a signal came meanwhile that would have ended the wait. */
static bool work(const struct sets *view, const struct sets *asked, int count, bool none_ready,
                 const sigset_t *mask, bool *interrupted)
{
    struct own own;
    bool news;

    own_begin(&own);
    news = step_ready(view, asked, count, none_ready);
    *interrupted = !news && own_signal(&own, mask) != OWN_NONE;
    own_end(&own);
    return news;
}

static void answer(struct sets *asked, const struct sets *view)
{
    for (int which = 0; which < SETS; which++)
        if (asked->set[which])
            memcpy(asked->set[which], view->set[which], asked->words * sizeof(unsigned long));
}

static int select_translated(int count, struct sets *view, struct sets *asked, struct deadline end,
                             const sigset_t *mask)
{
    for (;;) {
        struct deadline slice = pending_deadline();
        bool last, interrupted;
        int ready;

        pending_expire();
        if (look_through(view, asked, count, false) || slice.at != deadline_never().at)
            slice = deadline_earlier(slice, deadline_in(SLICE));
        ready = select_until(count, view, deadline_earlier(end, slice), mask);
        if (ready < 0)
            return -errno;
        last = deadline_passed(end);
        if (!work(view, asked, count, ready == 0, mask, &interrupted) && !last) {
            if (interrupted)
                return -EINTR;
            continue;
        }
        look_through(view, asked, count, true);
        ready = select_until(count, view, (struct deadline){ 0 }, mask);
        if (ready < 0)
            return -errno;
        if (ready > 0 || last) {
            answer(asked, view);
            return ready;
        }
    }
}

int ready_select(int count, fd_set *reads, fd_set *writes, fd_set *excepts, struct deadline end,
                 const sigset_t *mask)
{
    struct sets asked = sets_of(count, reads, writes, excepts), view = asked;
    unsigned long small[ON_STACK_WORDS], *memory = small;
    size_t size = SETS * asked.words * sizeof(unsigned long);
    int result;

    if (size > sizeof small)
        memory = tray_take(size);
    if (!memory)
        return -ENOMEM;
    for (size_t which = 0; which < SETS; which++)
        view.set[which] = memory + which * asked.words;
    keeper_begin();
    result = select_translated(count, &view, &asked, end, mask);
    keeper_end();
    if (memory != small)
        tray_give(memory, size);
    return result;
}
