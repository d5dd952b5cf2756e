#include "connect.h"

#include "refuse.h"

#include "../real.h"
#include "../sockets/duplicates.h"
#include "../process/guest.h"
#include "../sockets/peer.h"
#include "../pending/step.h"
#include "../pending/replace.h"
#include "../process/signals.h"
#include "../sockets/socket.h"
#include "../sockets/substitute.h"

#include <ptunnel/dial.h>
#include <ptunnel/log.h>

#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/time.h>

enum {
    GUARD = 100,      /* ms that the kernel's connect() may keep us before we wait in poll() ourselves */
    FIRST_WAIT = 50,  /* ms before anything is asked about a slow answer */
    LATER_WAIT = 200, /* ms between looks that do not trust poll(): SO_RCVLOWAT hides a short reply from it */
    UNKNOWN = -2,
};
static const int64_t proven_for = INT64_C(100) * 1000000; /* ns */

/* One connect() of a program, as long as it has not returned. */
struct attempt {
    struct entry *entry;
    struct dial *dial; /* the entry's */
    int fd;
    uint32_t number;  /* the entry's: another one means that somebody else has it now */
    int64_t started;  /* deadline_now() */
    int blocking;     /* 1 or 0, UNKNOWN until it matters */
    int send_timeout; /* ms, -1 for none, UNKNOWN until it is asked for */
    bool asked;       /* what ask_about_slow() asks */
    sigset_t mask;    /* the program's, once signals are held back: from then on too */
    int cancel;       /* the thread's cancellation state, off but for our waits: no lock dies with a thread */
};

static void set_send_timeout(int fd, int milliseconds)
{
    struct timeval wanted = { 0 };

    if (milliseconds > 0)
        wanted = (struct timeval){ milliseconds / 1000, milliseconds % 1000 * 1000 };
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wanted, sizeof wanted);
}

static bool is_blocking(struct attempt *attempt)
{
    if (attempt->blocking == UNKNOWN)
        attempt->blocking = socket_is_blocking(attempt->fd);
    return attempt->blocking != 0;
}

/* A program that corked its socket would have the request held back for 200 ms. Taking the cork out for a
 * moment sends it; the option is as it was when the program sees the socket again. */
static void push_through_cork(int fd)
{
    int corked = 0, off = 0;
    socklen_t size = sizeof corked;

    if (real()->getsockopt(fd, IPPROTO_TCP, TCP_CORK, &corked, &size) < 0 || !corked)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &corked, sizeof corked);
}

/* What is learnt about the socket only when the answer is slow to come, so that the usual connect() does not
 * pay. */
static void ask_about_slow(struct attempt *attempt)
{
    attempt->asked = true;
    signals_hold(&attempt->mask);
    pending_adopt(attempt->fd, attempt->entry);
    if (attempt->send_timeout == UNKNOWN)
        attempt->send_timeout = socket_send_timeout(attempt->fd);
    push_through_cork(attempt->fd);
    attempt->blocking = socket_is_blocking(attempt->fd);
}

static void release_signals(struct attempt *attempt)
{
    if (attempt->asked)
        signals_release(&attempt->mask);
    attempt->asked = false;
}

/* The candidate that will be tried first took a connection just now: it will not keep connect() waiting, and
 * the calls that would bound that wait are saved. */
static bool proven(const struct route *route)
{
    int first = route_next(route, 0);
    int64_t answered_at = first < 0 ? 0 : atomic_load(&route->candidates[first].answered_at);

    return answered_at != 0 && deadline_now() - answered_at < proven_for;
}

/* The first step, in which the kernel's connect() waits if the socket blocks: not beyond GUARD, by
 * SO_SNDTIMEO, for no deadline of ours reaches into the kernel. After that the connection goes on being made
 * while we wait in poll(). */
static enum dial_want first_step(struct attempt *attempt)
{
    enum dial_want want;

    if (attempt->dial->route->count == 0 || proven(attempt->dial->route) || !is_blocking(attempt))
        return dial_step(attempt->dial);
    attempt->send_timeout = socket_send_timeout(attempt->fd);
    if (attempt->send_timeout >= 0 && attempt->send_timeout <= GUARD)
        return dial_step(attempt->dial);
    set_send_timeout(attempt->fd, GUARD);
    want = dial_step(attempt->dial);
    set_send_timeout(attempt->fd, attempt->send_timeout);
    return want;
}

static struct deadline program_deadline(const struct attempt *attempt)
{
    if (attempt->send_timeout < 0)
        return deadline_never();
    return (struct deadline){ attempt->started + (int64_t)attempt->send_timeout * 1000000 };
}

/* poll(2), or -EINTR if that should end the program's connect(). */
static int wait_until_ready(const struct attempt *attempt, struct pollfd *ready, int left)
{
    struct timespec time = { left / 1000, left % 1000 * 1000000 };
    int result = !attempt->asked ? libc()->poll(ready, 1, left)
                                 : libc()->ppoll(ready, 1, left < 0 ? NULL : &time, &attempt->mask);

    if (result < 0 && errno == EINTR &&
        (attempt->asked ? signals_interrupt_under(attempt->fd, &attempt->mask)
                        : signals_interrupt(attempt->fd)))
        return -EINTR;
    return result;
}

/* Waits for what the step wanted. 0, or a negative errno if the program's connect() has to end here. The
 * entry is not locked meanwhile: a thread that is cancelled in poll() leaves a pending descriptor behind, as
 * natively. */
static int wait_for(struct attempt *attempt, enum dial_want want)
{
    struct pollfd ready = { .fd = attempt->fd, .events = want == DIAL_WANT_READ ? POLLIN : POLLOUT };
    struct deadline own = { atomic_load(&attempt->entry->deadline) };
    struct deadline end = deadline_earlier(own, program_deadline(attempt));
    struct deadline slice = deadline_in(attempt->asked ? LATER_WAIT : FIRST_WAIT);
    int result = wait_until_ready(attempt, &ready, deadline_left(deadline_earlier(end, slice)));

    if (result == -EINTR)
        return -EINTR;
    if (deadline_passed(program_deadline(attempt)))
        return -EINPROGRESS;
    if (result == 0 && !attempt->asked)
        ask_about_slow(attempt);
    return attempt->blocking ? 0 : -EINPROGRESS;
}

/* As a natively failed blocking socket: unconnected, no error left to read, the program's registrations its
 * own. */
static int leave_failed(struct attempt *attempt, int error)
{
    int unread;
    socklen_t size = sizeof unread;

    attempt->dial->must_disconnect = true;
    dial_disconnect(attempt->dial);
    real()->getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &unread, &size);
    peer_forget(attempt->fd);
    pending_restore(attempt->fd, attempt->entry);
    slot_drop_all(attempt->entry);
    entry_unlock(attempt->entry);
    return -error;
}

/* connect(2) ends, the attempt goes on. */
static int leave_pending(struct attempt *attempt, int result)
{
    if (attempt->entry->cookie == 0)
        pending_adopt(attempt->fd, attempt->entry);
    entry_unlock(attempt->entry);
    return result;
}

/* The fallback's connect() to the target itself, which GUARD cut short, goes on as the kernel's own: called
 * again it waits, and looks at no address. */
static int wait_in_kernel(struct attempt *attempt)
{
    static const struct sockaddr_in6 any = { .sin6_family = AF_INET6 };

    release_signals(attempt);
    pthread_setcancelstate(attempt->cancel, NULL);
    if (real()->connect(attempt->fd, (const struct sockaddr *)&any, sizeof any) < 0)
        return errno == EALREADY ? -EINPROGRESS : -errno;
    return 0;
}

/* The dial ended in other hands. If the program itself ended it (shutdown(2), AF_UNSPEC) there is an error
 * for us. */
static int leave_ended(struct attempt *attempt)
{
    struct entry *entry = attempt->entry;
    int state = atomic_load(&entry->state), unread;
    socklen_t size = sizeof unread;

    if (state == ENTRY_FAILED)
        return leave_failed(attempt, entry->error);
    entry_unlock(entry);
    if (state == ENTRY_OPEN) {
        peer_take_zero(attempt->fd);
        return 0;
    }
    if (entry->error == ECONNRESET) /* natively whoever waits takes it */
        real()->getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &unread, &size);
    return entry->error == EINPROGRESS ? wait_in_kernel(attempt) : -entry->error;
}

/* Another thread closed the descriptor, or gave it another meaning: what has its number now is not ours to
 * touch. */
static bool is_gone(const struct attempt *attempt)
{
    const struct entry *entry = attempt->entry;

    return atomic_load(&entry->number) != attempt->number ||
           (atomic_load(&entry->state) == ENTRY_PENDING && slot_find(attempt->fd) != entry);
}

/* Waits without the lock, and takes it again. False: there is nothing left to drive; *result is what that
 * means here. */
static bool wait_unlocked(struct attempt *attempt, enum dial_want want, int *result)
{
    struct entry *entry = attempt->entry;

    entry_unlock(entry);
    do {
        pthread_setcancelstate(attempt->cancel, NULL);
        *result = wait_for(attempt, want);
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    } while (!entry_lock(entry) && *result == 0);
    if (!entry_locked_by_me(entry)) /* another thread is at it just now, and connect() has to end */
        return false;
    if (is_gone(attempt)) {
        entry_unlock(entry);
        *result = -EBADF;
        return false;
    }
    if (atomic_load(&entry->state) != ENTRY_PENDING) {
        *result = leave_ended(attempt);
        return false;
    }
    return true;
}

/* While another candidate is left the step may wait in the kernel's connect(), which signals have to
 * interrupt. */
static enum dial_want later_step(struct attempt *attempt)
{
    bool may_wait = attempt->asked && attempt->dial->attempt.at != deadline_never().at;
    enum dial_want want;

    if (may_wait)
        signals_release(&attempt->mask);
    want = dial_step(attempt->dial);
    if (may_wait)
        signals_hold(&attempt->mask);
    return want;
}

static int connect_blocking(struct attempt *attempt, enum dial_want want)
{
    struct dial *dial = attempt->dial;
    int result;

    while (want == DIAL_WANT_READ || want == DIAL_WANT_WRITE) {
        pending_settle(attempt->fd, attempt->entry, want);
        if (dial->interrupted && signals_interrupt(attempt->fd))
            return leave_pending(attempt, -EINTR);
        dial->interrupted = false;
        if (!wait_unlocked(attempt, want, &result))
            return result;
        if (result < 0)
            return leave_pending(attempt, result);
        want = later_step(attempt);
    }
    if (want == DIAL_FAILED)
        return leave_failed(attempt, dial->error);
    result = want == DIAL_OPEN ? 0 : -dial->error;
    atomic_store(&attempt->entry->zero_given, true);
    pending_settle(attempt->fd, attempt->entry, want);
    entry_unlock(attempt->entry);
    return result == -EINPROGRESS ? wait_in_kernel(attempt) : result;
}

/* EINPROGRESS whatever came of it, as TCP has it natively even when the other end is at hand: the result is
 * for the program's wait, SO_ERROR or next connect(). */
static int connect_nonblocking(struct attempt *attempt, enum dial_want want)
{
    int result = want == DIAL_DIRECT ? -attempt->dial->error : -EINPROGRESS;

    pending_adopt(attempt->fd, attempt->entry);
    pending_settle(attempt->fd, attempt->entry, want);
    entry_unlock(attempt->entry);
    return result;
}

/* The kernel would not have this socket connected, to whatever: it is as it was. */
static int leave_untouched(struct attempt *attempt)
{
    pending_restore(attempt->fd, attempt->entry);
    slot_drop_all(attempt->entry);
    entry_unlock(attempt->entry);
    return -attempt->dial->error;
}

/* The place in front of the kernel: entry first, then the substitutes, then connect(), or a thread in
 * epoll_wait would see the proxy's readiness. */
static int start(struct attempt *attempt)
{
    enum dial_want want;

    if (substitute_put(attempt->fd, attempt->entry, DIAL_WANT_WRITE))
        atomic_store(&attempt->entry->waited, true);
    duplicates_share(attempt->fd, attempt->entry);
    want = first_step(attempt);
    if (attempt->dial->unusable)
        return leave_untouched(attempt);
    if (!attempt->dial->in_progress && attempt->blocking == UNKNOWN)
        attempt->blocking = 1; /* or TCP_FASTOPEN_CONNECT: asked when the answer is slow */
    return is_blocking(attempt) ? connect_blocking(attempt, want) : connect_nonblocking(attempt, want);
}

/* A stand-in whose name turned out to be direct at this port: it is looked up
 * now, and its addresses tried. */
static void start_dial(struct attempt *attempt, const struct claim *claim, const struct config *config)
{
    static struct route no_proxy;
    static const struct dial_limits direct = { .timeout = -1, .attempt = -1, .fallback_direct = true };
    bool is_direct = claim->decision.verdict == VERDICT_DIRECT;

    dial_start(attempt->dial, &real_net, claim->fd, claim->family, &claim->target,
               is_direct ? &no_proxy : claim->decision.route, is_direct ? &direct : config_limits(config));
    attempt->dial->replace = replace_socket;
}

int connect_claimed(const struct claim *claim)
{
    struct attempt attempt = { .fd = claim->fd, .blocking = UNKNOWN, .send_timeout = UNKNOWN };
    const struct config *config = guest_config();
    int saved = errno, result;

    if (claim->error)
        return -claim->error;
    if (!config) {
        guest_say_why();
        return -EACCES;
    }
    if (claim->decision.verdict == VERDICT_REJECT || claim->target.port == 0)
        return refuse_claimed(claim);
    pthread_testcancel();
    attempt.started = deadline_now();
    attempt.entry = slot_add(claim->fd);
    if (!attempt.entry)
        return -ENOBUFS;
    attempt.number = atomic_load(&attempt.entry->number);
    attempt.dial = &attempt.entry->dial;
    attempt.entry->asked = claim->asked;
    start_dial(&attempt, claim, config);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &attempt.cancel);
    result = start(&attempt);
    release_signals(&attempt);
    pthread_setcancelstate(attempt.cancel, NULL);
    errno = saved;
    return result;
}

int connect_direct(int fd, int result)
{
    if (!peers_empty() && (result == 0 || errno == EINPROGRESS))
        peer_forget(fd);
    return result;
}
