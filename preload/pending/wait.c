#include "wait.h"

#include "../real.h"
#include "../process/signals.h"
#include "../sockets/socket.h"

#include <sys/time.h>

/* poll() sleeps on when another thread consumed the reply first, and SO_RCVLOWAT hides a short reply from it:
 * so nobody sleeps longer than this, in milliseconds, without a look of his own. */
enum { SLICE = 100, TRIES = 4 };

static int poll_under(struct pollfd *ready, struct deadline end, const sigset_t *mask)
{
    int left = deadline_left(end);
    struct timespec time = { left / 1000, left % 1000 * 1000000 };

    return libc()->ppoll(ready, 1, left < 0 ? NULL : &time, mask);
}

static bool wait_under(int fd, struct entry *entry, struct deadline end, bool *interrupted,
                       const sigset_t *mask)
{
    uint32_t number = atomic_load(&entry->number);

    while (!pending_step(fd, entry) && atomic_load(&entry->number) == number) {
        struct pollfd ready = { .fd = fd };
        struct deadline own = { atomic_load(&entry->deadline) };

        if (deadline_passed(end) || entry_locked_by_me(entry))
            return false;
        ready.events = atomic_load(&entry->want) == DIAL_WANT_READ ? POLLIN : POLLOUT;
        own = deadline_earlier(own, deadline_in(SLICE));
        if (poll_under(&ready, deadline_earlier(end, own), mask) < 0 && errno == EINTR &&
            signals_interrupt_under(fd, mask)) {
            *interrupted = true;
            return false;
        }
    }
    return true;
}

bool pending_wait(int fd, struct entry *entry, struct deadline end, bool *interrupted)
{
    sigset_t before;
    bool ended;

    *interrupted = false;
    signals_hold(&before);
    ended = wait_under(fd, entry, end, interrupted, &before);
    signals_release(&before);
    return ended;
}

void pending_finish(int fd)
{
    struct entry *entry = pending_find(fd);
    bool interrupted = true;
    int saved = errno;

    while (interrupted && entry && atomic_load(&entry->state) == ENTRY_PENDING)
        pending_wait(fd, entry, deadline_never(), &interrupted);
    errno = saved;
}

static struct deadline option_deadline(int fd, int option)
{
    struct timeval set = { 0 };
    socklen_t size = sizeof set;

    if (real()->getsockopt(fd, SOL_SOCKET, option, &set, &size) < 0 || (set.tv_sec == 0 && set.tv_usec == 0))
        return deadline_never();
    return deadline_in(set.tv_sec * INT64_C(1000) + (set.tv_usec + 999) / 1000);
}

bool pending_ask(int fd, struct entry *entry)
{
    if (pending_step(fd, entry))
        return true;
    if (atomic_load(&entry->waited) || socket_is_blocking(fd) || atomic_fetch_add(&entry->tried, 1) < TRIES)
        return false;
    pending_finish(fd);
    return true;
}

int pending_before(int fd, int wait_option, int flags)
{
    struct entry *entry = pending_find(fd);
    bool interrupted;

    if (!entry || atomic_load(&entry->state) != ENTRY_PENDING)
        return 0;
    /* The kernel's EINVAL; a proxy sends nothing urgent. */
    if (wait_option == SO_RCVTIMEO && (flags & MSG_OOB))
        return 0;
    if ((flags & MSG_DONTWAIT) || !socket_is_blocking(fd))
        return pending_ask(fd, entry) ? 0 : -EAGAIN;
    if (pending_wait(fd, entry, option_deadline(fd, wait_option), &interrupted))
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
    struct entry *entry = slots_empty() || said == 0 ? NULL : slot_find(fd);

    if (!entry || atomic_load(&entry->state) != ENTRY_FAILED || !atomic_exchange(&entry->unread, false))
        return said;
    return said == ECONNREFUSED ? entry->error : said;
}

ssize_t pending_after(int fd, ssize_t result)
{
    if (result < 0 && errno == ECONNREFUSED)
        errno = pending_error(fd, errno);
    return result;
}
