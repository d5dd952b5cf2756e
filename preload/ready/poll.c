#include "keeper.h"
#include "ready.h"
#include "tray.h"

#include "../real.h"
#include "../pending/step.h"
#include "../process/own.h"
#include "../process/readable.h"

#include <string.h>

/* poll() sleeps on when another thread consumed the reply first (it looks again after waking,
 * and finds nothing), so a wait with a pending descriptor in it lasts no longer than this at
 * a time, in milliseconds. */
enum { SLICE = 100, ON_STACK = 128 };

bool ready_until(struct deadline *end, const struct timespec *time)
{
    int64_t seconds; /* of fewer bits in a time_t of 32 */

    *end = deadline_never();
    if (!time)
        return true;
    if (!readable(time, sizeof *time))
        return false;
    seconds = time->tv_sec;
    if (seconds < 0 || time->tv_nsec < 0 || time->tv_nsec >= 1000000000)
        return false;
    if (seconds < INT64_MAX / 2000000000)
        end->at = deadline_now() + seconds * INT64_C(1000000000) + time->tv_nsec;
    return true;
}

static struct entry *pending_at(int fd)
{
    struct entry *entry = fd < 0 ? NULL : pending_find(fd);

    return entry && atomic_load(&entry->state) == ENTRY_PENDING ? entry : NULL;
}

bool ready_poll_concerned(struct pollfd *fds, nfds_t count)
{
    if (count == 0 || count > FD_MAP_NUMBERS || !readable_and_writable(fds, count * sizeof *fds))
        return false; /* EINVAL, or EFAULT */
    for (nfds_t i = 0; i < count; i++)
        if (fds[i].fd >= 0 && (pending_at(fds[i].fd) || pending_in_set(fds[i].fd)))
            return true;
    return false;
}

/* For the wait: pending descriptors by what their dials want. For the answer: without them. */
static bool look_through(struct pollfd *view, const struct pollfd *fds, nfds_t count, bool answer)
{
    bool some = false;

    memcpy(view, fds, count * sizeof *fds);
    for (nfds_t i = 0; i < count; i++) {
        struct entry *entry = pending_at(fds[i].fd);

        if (!entry)
            continue;
        some = true;
        view[i].events = atomic_load(&entry->want) == DIAL_WANT_READ ? POLLIN : POLLOUT;
        if (answer)
            view[i].fd = -1;
    }
    return some;
}

static int poll_until(struct pollfd *fds, nfds_t count, struct deadline end, const sigset_t *mask)
{
    int64_t left = end.at == INT64_MAX ? 0 : end.at - deadline_now();
    struct timespec time = { 0 };

    if (left > 0)
        time = (struct timespec){ left / 1000000000, left % 1000000000 };
    return libc()->ppoll(fds, count, end.at == INT64_MAX ? NULL : &time, mask);
}

/* Steps what is ready, or everything when a slice has run out. True if the
 * program may have something to see. */
static bool step_ready(const struct pollfd *view, const struct pollfd *fds, nfds_t count, bool all)
{
    bool news = false;

    for (nfds_t i = 0; i < count; i++) {
        struct entry *entry = pending_at(fds[i].fd);

        if (entry && (all || view[i].revents))
            news |= pending_step(fds[i].fd, entry);
        else if (!entry && fds[i].fd >= 0 && (view[i].revents || view[i].events != fds[i].events)) {
            pending_step_set(fds[i].fd);
            news = true;
        }
    }
    return news;
}

/* The same, and *interrupted: a signal came meanwhile that would have ended the wait. */
static bool work(const struct pollfd *view, const struct pollfd *fds, nfds_t count, bool all,
                 const sigset_t *mask, bool *interrupted)
{
    struct own own;
    bool news;

    own_begin(&own);
    news = step_ready(view, fds, count, all);
    *interrupted = !news && own_signal(&own, mask) != OWN_NONE;
    own_end(&own);
    return news;
}

static int poll_translated(struct pollfd *view, struct pollfd *fds, nfds_t count, struct deadline end,
                           const sigset_t *mask)
{
    for (;;) {
        struct deadline slice = pending_deadline();
        bool interrupted;
        int ready;

        pending_expire();
        /* A dial may also be that of a socket in one of the sets. */
        if (look_through(view, fds, count, false) || slice.at != deadline_never().at)
            slice = deadline_earlier(slice, deadline_in(SLICE));
        ready = poll_until(view, count, deadline_earlier(end, slice), mask);
        if (ready < 0)
            return -errno;
        if (work(view, fds, count, ready == 0, mask, &interrupted) || deadline_passed(end)) {
            look_through(view, fds, count, true);
            ready = poll_until(view, count, (struct deadline){ 0 }, mask);
            if (ready < 0)
                return -errno;
            for (nfds_t i = 0; ready > 0 && i < count; i++)
                fds[i].revents = view[i].revents;
            if (ready > 0)
                return ready;
        }
        if (interrupted)
            return -EINTR;
        if (deadline_passed(end)) {
            for (nfds_t i = 0; i < count; i++)
                fds[i].revents = 0;
            return 0;
        }
    }
}

int ready_poll(struct pollfd *fds, nfds_t count, struct deadline end, const sigset_t *mask)
{
    struct pollfd small[ON_STACK], *view = small;
    size_t size = count * sizeof *fds;
    int result;

    if (count > ON_STACK)
        view = tray_take(size);
    if (!view)
        return -ENOMEM;
    keeper_begin();
    result = poll_translated(view, fds, count, end, mask);
    keeper_end();
    if (view != small)
        tray_give(view, size);
    return result;
}
