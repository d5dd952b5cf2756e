#include "wait.h"

#include "../real.h"
#include "../process/signals.h"
#include "../sockets/socket.h"

/* poll() sleeps on when another thread consumed the reply first, and SO_RCVLOWAT hides a short reply from it:
 * so nobody sleeps longer than this, in milliseconds, without a look of his own. */
enum { SLICE = 100 };

/* A step; *interrupted: a signal came in the middle of it that the wait would have been ended by. */
static bool step(int fd, struct entry *entry, bool *interrupted)
{
    struct own own;
    bool ended;

    own_begin(&own);
    ended = pending_step(fd, entry);
    *interrupted = !ended && signals_interrupted(fd, own_signal(&own, NULL));
    own_end(&own);
    return ended;
}

bool pending_wait(int fd, struct entry *entry, struct deadline end, bool *interrupted)
{
    uint32_t number = atomic_load(&entry->number);

    while (!step(fd, entry, interrupted) && atomic_load(&entry->number) == number) {
        struct pollfd ready = { .fd = fd };
        struct deadline own = { atomic_load(&entry->deadline) };

        if (*interrupted || deadline_passed(end) || entry_locked_by_me(entry))
            return false;
        ready.events = atomic_load(&entry->want) == DIAL_WANT_READ ? POLLIN : POLLOUT;
        own = deadline_earlier(own, deadline_in(SLICE));
        if (libc()->poll(&ready, 1, deadline_left(deadline_earlier(end, own))) < 0 && errno == EINTR &&
            signals_interrupt(fd)) {
            *interrupted = true;
            return false;
        }
    }
    return true;
}

void pending_finish(int fd)
{
    KEEP_ERRNO;
    struct entry *entry = pending_find(fd);
    bool interrupted = true;

    while (interrupted && entry && atomic_load(&entry->state) == ENTRY_PENDING)
        pending_wait(fd, entry, deadline_never(), &interrupted);
}

int pending_before(int fd, int wait_option, int flags)
{
    struct entry *entry = pending_find(fd);
    bool interrupted;

    if (entry && atomic_load(&entry->stuck) && atomic_load(&entry->state) == ENTRY_FAILED)
        return atomic_exchange(&entry->unread, false) ? -entry->error
               : wait_option == SO_SNDTIMEO           ? -EPIPE
                                                      : 0;
    if (!entry || atomic_load(&entry->state) != ENTRY_PENDING)
        return 0;
    /* The kernel's EINVAL; a proxy sends nothing urgent. */
    if (wait_option == SO_RCVTIMEO && (flags & MSG_OOB))
        return 0;
    if ((flags & MSG_DONTWAIT) || !socket_is_blocking(fd))
        return pending_step(fd, entry) ? 0 : -EAGAIN;
    if (pending_wait(fd, entry, deadline_in(socket_timeout(fd, wait_option)), &interrupted))
        return 0;
    return interrupted ? -EINTR : -EAGAIN;
}

bool pending_enter(int fd, int wait_option, int flags)
{
    int saved = errno, result = pending_before(fd, wait_option, flags);

    errno = result < 0 ? -result : saved;
    return result == 0;
}

int pending_error(int fd, int said)
{
    struct entry *entry = slots_empty() ? NULL : slot_find(fd);
    bool stuck = entry && atomic_load(&entry->stuck),
         failed = entry && atomic_load(&entry->state) == ENTRY_FAILED;

    if (!failed || (said == 0 && !stuck))
        return said;
    if (!atomic_exchange(&entry->unread, false))
        return stuck ? 0 : said;
    return stuck || said == ECONNREFUSED ? entry->error : said;
}

ssize_t pending_after(int fd, ssize_t result)
{
    if (result < 0 && errno == ECONNREFUSED)
        errno = pending_error(fd, errno);
    return result;
}
