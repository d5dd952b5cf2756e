#include "pending.h"

#include "../real.h"
#include "peers.h"
#include "signals.h"
#include "sockets.h"
#include "watch.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/time.h>

/* poll() sleeps on when another thread consumed the reply first, and SO_RCVLOWAT hides a short reply from it: so
 * nobody sleeps longer than this, in milliseconds, without a look of his own. */
enum { SLICE = 100, TRIES = 4, PATIENCE = 250 };

static _Atomic int64_t earliest = INT64_MAX; /* no pending dial's deadline is before it */

bool pending_is_blocking(int fd)
{
    return !(real()->fcntl(fd, F_GETFL) & O_NONBLOCK);
}

void pending_adopt(int fd, struct entry *entry)
{
    entry->cookie = socket_cookie(fd);
}

/* Of any other entry than the wanted one nothing may be read: it is somebody else's. */
static void record_peer(int fd, struct entry *entry, void *wanted)
{
    const struct dial *dial = &entry->dial;

    if (entry != wanted)
        return;
    peers_set(fd, &(struct peer){ .target = entry->asked.address,
                                  .target_scope = entry->asked.scope,
                                  .target_port = entry->asked.port,
                                  .unasked = dial->in_progress,
                                  .proxy = dial->reached,
                                  .owed = !atomic_load(&entry->paid),
                                  .proxy_port = dial->route->candidates[dial->candidate].proxy.at.port });
}

static void substitute_one(int fd, struct entry *entry, void *wanted)
{
    if (entry == wanted)
        watch_substitute(fd, entry, (enum dial_want)atomic_load(&entry->want));
}

static void restore_one(int fd, struct entry *entry, void *wanted)
{
    if (entry == wanted)
        watch_restore(fd);
}

/* For each descriptor of this process that is the entry's socket: nearly always one. */
static void for_each_duplicate(int fd, struct entry *entry, void (*act)(int fd, struct entry *entry, void *wanted))
{
    if (atomic_load(&entry->slots) == 1)
        act(fd, entry, entry);
    else
        table_each(act, entry);
}

/* A failed non-blocking connect(), played by the kernel itself: nobody can listen on port 0. It has all event bits, one
 * error for whoever reads first, ECONNABORTED once, EPIPE. Where not even loopback is up, a shut-down socket is nearest. */
static void play_failure(int fd, struct dial *dial)
{
    int flags = real()->fcntl(fd, F_GETFL), result;

    dial_disconnect(dial);
    if (!(flags & O_NONBLOCK)) /* a connect() that waits would take the error itself */
        real()->fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    result = socket_connect_to_nowhere(fd, dial->family);
    if (result != -EINPROGRESS && result != -ECONNREFUSED)
        real()->shutdown(fd, SHUT_RDWR);
    if (!(flags & O_NONBLOCK))
        real()->fcntl(fd, F_SETFL, flags);
}

static void settle(int fd, struct entry *entry, enum dial_want result)
{
    if (result == DIAL_FAILED) {
        entry->error = entry->dial.error;
        peers_forget(fd);
        play_failure(fd, &entry->dial);
        atomic_store(&entry->unread, true);
        atomic_store(&entry->state, ENTRY_FAILED);
        for_each_duplicate(fd, entry, restore_one);
        return;
    }
    entry->error = entry->dial.error;
    if (result == DIAL_OPEN)
        for_each_duplicate(fd, entry, record_peer);
    atomic_store(&entry->state, result == DIAL_OPEN ? ENTRY_OPEN : ENTRY_HANDED);
    for_each_duplicate(fd, entry, restore_one);
    table_drop_all(entry);
}

static void note_deadline(struct entry *entry)
{
    int64_t at = dial_deadline(&entry->dial).at, before = atomic_load(&earliest);

    atomic_store(&entry->deadline, at);
    while (at < before && !atomic_compare_exchange_weak(&earliest, &before, at))
        ;
}

static void publish(int fd, struct entry *entry, enum dial_want want, bool fired)
{
    bool changed = atomic_exchange(&entry->want, (int)want) != (int)want;

    note_deadline(entry);
    if (changed || fired)
        for_each_duplicate(fd, entry, substitute_one);
}

static bool settle_or_publish(int fd, struct entry *entry, enum dial_want result, bool fired)
{
    bool ended = result != DIAL_WANT_READ && result != DIAL_WANT_WRITE;

    if (ended)
        settle(fd, entry, result);
    else
        publish(fd, entry, result, fired);
    return ended;
}

bool pending_settle(int fd, struct entry *entry, enum dial_want result)
{
    return settle_or_publish(fd, entry, result, false);
}

/* A forked child may have got another thread's slot without its descriptor: copied at two moments. Such an entry, which has not left
 * its connect(), has no cookie yet. */
bool pending_is_recycled(int fd, const struct entry *entry)
{
    return entry->cookie != 0 ? socket_cookie(fd) != entry->cookie : table_is_inherited(entry);
}

void pending_discard(int fd)
{
    watch_forget(fd);
    table_drop(fd);
}

/* Another thread's step is over soon, and the number must not get another meaning under its hands. False: it is a step of this
 * very thread that a signal interrupted, or a connect() that waits in the kernel. */
static bool lock_patiently(struct entry *entry)
{
    struct deadline end = deadline_in(PATIENCE);

    while (!table_lock(entry)) {
        if (table_locked_by_me(entry) || deadline_passed(end))
            return false;
        sched_yield();
    }
    return true;
}

/* With the lock. A slot is taken down under the lock too, before its descriptor is closed: one that still has the entry is the socket's. */
static bool step_locked(int fd, struct entry *entry, bool fired)
{
    int saved = errno;
    bool ended = true;

    if (table_find(fd) != entry) {
        ended = true;
    } else if (atomic_load(&entry->state) != ENTRY_PENDING) {
        watch_restore(fd); /* another process ended it, and knows not of all our sets */
    } else if (pending_is_recycled(fd, entry)) {
        pending_discard(fd);
    } else {
        entry->dial.fd = fd; /* the number that this process knows it by */
        atomic_store(&entry->descriptor, fd);
        ended = settle_or_publish(fd, entry, dial_step(&entry->dial), fired);
    }
    table_unlock(entry);
    errno = saved;
    return ended;
}

bool pending_step(int fd, struct entry *entry)
{
    return table_lock(entry) && step_locked(fd, entry, false);
}

bool pending_step_fired(int fd, struct entry *entry)
{
    if (lock_patiently(entry))
        return step_locked(fd, entry, true);
    watch_substitute(fd, entry, (enum dial_want)atomic_load(&entry->want));
    return false;
}

/* It was ended by a process that shares the socket and knows nothing of our table, or is being ended by another thread. */
static void clear_up(int fd, struct entry *entry)
{
    if (!lock_patiently(entry))
        return;
    if (table_find(fd) == entry && atomic_load(&entry->state) != ENTRY_PENDING &&
        atomic_load(&entry->state) != ENTRY_FAILED) {
        if (atomic_load(&entry->state) == ENTRY_OPEN)
            record_peer(fd, entry, entry);
        watch_restore(fd);
        table_drop(fd);
    }
    table_unlock(entry);
}

struct entry *pending_find(int fd)
{
    struct entry *entry = table_find(fd);
    int state = entry ? atomic_load(&entry->state) : ENTRY_FREE;

    if (state == ENTRY_PENDING || state == ENTRY_FAILED)
        return entry;
    if (entry)
        clear_up(fd, entry);
    return NULL;
}

static void expire_one(int fd, struct entry *entry, void *data)
{
    int64_t *least = data;

    if (atomic_load(&entry->state) != ENTRY_PENDING)
        return;
    if (deadline_passed((struct deadline){ atomic_load(&entry->deadline) }) && pending_step(fd, entry))
        return;
    if (atomic_load(&entry->deadline) < *least)
        *least = atomic_load(&entry->deadline);
}

void pending_restore(int fd, struct entry *entry)
{
    for_each_duplicate(fd, entry, restore_one);
}

void pending_expire(void)
{
    int64_t least = INT64_MAX, before = atomic_load(&earliest);

    if (!deadline_passed((struct deadline){ before }))
        return;
    table_each(expire_one, &least);
    atomic_compare_exchange_strong(&earliest, &before, least);
}

struct deadline pending_deadline(void)
{
    return (struct deadline){ table_empty() ? INT64_MAX : atomic_load(&earliest) };
}

struct in_set {
    int set;
    bool step, found;
};

static void visit_set(int fd, struct entry *entry, void *data)
{
    struct in_set *in = data;

    if (atomic_load(&entry->state) != ENTRY_PENDING || !watch_watches(in->set, fd))
        return;
    in->found = true;
    if (in->step)
        pending_step_fired(fd, entry);
}

bool pending_in_set(int set)
{
    struct in_set in = { .set = set };

    if (atomic_load(&watch_cookies) && watch_is_set(set))
        table_each(visit_set, &in);
    return in.found;
}

void pending_step_set(int set)
{
    struct in_set in = { .set = set, .step = true };

    if (atomic_load(&watch_cookies) && watch_is_set(set))
        table_each(visit_set, &in);
}

static int poll_under(struct pollfd *ready, struct deadline end, const sigset_t *mask)
{
    int left = deadline_left(end);
    struct timespec time = { left / 1000, left % 1000 * 1000000 };

    return real()->ppoll(ready, 1, left < 0 ? NULL : &time, mask);
}

static bool wait_under(int fd, struct entry *entry, struct deadline end, bool *interrupted, const sigset_t *mask)
{
    uint32_t number = atomic_load(&entry->number);

    while (!pending_step(fd, entry) && atomic_load(&entry->number) == number) {
        struct pollfd ready = { .fd = fd };
        struct deadline own = { atomic_load(&entry->deadline) };

        if (deadline_passed(end) || table_locked_by_me(entry))
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
    if (atomic_load(&entry->waited) || pending_is_blocking(fd) || atomic_fetch_add(&entry->tried, 1) < TRIES)
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
    if (wait_option == SO_RCVTIMEO && (flags & MSG_OOB)) /* the kernel's EINVAL; a proxy sends nothing urgent */
        return 0;
    if ((flags & MSG_DONTWAIT) || !pending_is_blocking(fd))
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
    struct entry *entry = table_empty() || said == 0 ? NULL : table_find(fd);

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

void pending_forget(int fd)
{
    struct entry *entry = table_empty() ? NULL : table_find(fd);
    bool locked;

    if (!peers_empty())
        peers_forget(fd);
    if (!entry)
        return;
    locked = lock_patiently(entry);
    if (locked && atomic_load(&entry->state) == ENTRY_PENDING) {
        entry->error = EPIPE; /* for a thread that waits in connect() */
        atomic_store(&entry->state, ENTRY_HANDED);
    }
    for_each_duplicate(fd, entry, restore_one);
    table_drop_all(entry);
    if (locked)
        table_unlock(entry);
}

struct other {
    const struct entry *entry;
    int than, fd;
};

static void note_other(int fd, struct entry *entry, void *data)
{
    struct other *other = data;

    if (entry == other->entry && fd != other->than)
        other->fd = fd;
}

/* The kernel drops registrations with the last descriptor of a socket. If that is in another process, it goes on with the
 * dial and the substitutes. If it is a duplicate in this one, what is registered here stays in the set where nobody can
 * reach it any more: so it is registered by the duplicate's number instead, and the program, which goes by the data, does
 * not see the difference. */
void pending_close(int fd)
{
    struct entry *entry = table_empty() ? NULL : table_find(fd);
    struct other other = { .entry = entry, .than = fd, .fd = -1 };
    bool locked;

    if (!peers_empty())
        peers_forget(fd);
    if (!entry)
        return;
    locked = lock_patiently(entry);
    if (atomic_load(&entry->slots) > 1 && atomic_load(&entry->state) == ENTRY_PENDING)
        table_each(note_other, &other);
    if (other.fd >= 0)
        watch_move(fd, other.fd, entry);
    watch_forget(fd);
    if (table_find(fd) == entry)
        table_drop(fd);
    if (locked)
        table_unlock(entry);
}

bool pending_cancel(int fd)
{
    struct entry *entry = pending_find(fd);
    bool cancelled = false;

    if (!entry || !lock_patiently(entry))
        return false;
    if (atomic_load(&entry->state) == ENTRY_PENDING && table_find(fd) == entry) {
        entry->dial.fd = fd;
        entry->dial.touched = true;
        cancelled = dial_disconnect(&entry->dial) == 0;
        entry->error = ECONNRESET;
        for_each_duplicate(fd, entry, restore_one);
        atomic_store(&entry->state, ENTRY_HANDED);
        table_drop_all(entry);
    }
    table_unlock(entry);
    return cancelled;
}
