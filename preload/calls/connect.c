#include "connect.h"

#include "refuse.h"

#include "../pending/replace.h"
#include "../pending/step.h"
#include "../process/guest.h"
#include "../process/identity.h"
#include "../process/signals.h"
#include "../real.h"
#include "../sockets/bound.h"
#include "../sockets/duplicates.h"
#include "../sockets/event.h"
#include "../sockets/peek.h"
#include "../sockets/peer.h"
#include "../sockets/socket.h"
#include "../sockets/substitute.h"
#include "../sockets/twin.h"

#include <ptunnel/agent.h>
#include <ptunnel/dial.h>
#include <ptunnel/log.h>

#include <netinet/tcp.h>
#include <pthread.h>

enum {
    FIRST_WAIT = 50,  /* ms before anything is asked about a slow answer */
    LATER_WAIT = 200, /* ms between looks that do not trust poll(): SO_RCVLOWAT hides a short reply from it */
    UNKNOWN = -2,
};

/* One connect() of a program, as long as it has not returned. */
struct attempt {
    struct entry *entry;
    struct dial *dial; /* the entry's */
    int fd;
    uint32_t number;  /* the entry's: another one means that somebody else has it now */
    int64_t started;  /* deadline_now() */
    int blocking;     /* 1 or 0, UNKNOWN until it matters */
    int send_timeout; /* SO_SNDTIMEO in ms, -1 for none; of a slow answer only */
    bool slow;        /* ask_about_slow() was called */
    bool at_once;     /* it does not wait, even if the socket blocks */
    bool direct;      /* the last call was the fallback's, to the target itself */
    int said;         /* by the kernel's connect() to this thread: 0 or a positive errno */
    bool answered; /* it has said so since the loop last looked; others may have connected the socket, too */
    struct own *own; /* around the step under way; NULL while nothing was slow: it costs two calls */
    int cancel;      /* the thread's cancellation state, off but for our waits: no lock dies with a thread */
};

/* The attempt that this thread is just stepping; NULL while it is in the kernel's connect(), which a signal handler may
 * leave for good. */
static __thread struct attempt *stepped;

/* The socket of this process's last connect() did not block: so it is worth a call to ask whether this one does. */
static atomic_bool last_did_not_block;

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
    real()->setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
    real()->setsockopt(fd, IPPROTO_TCP, TCP_CORK, &corked, sizeof corked);
}

/* What is learnt about the socket only when the answer is slow to come, so that the usual connect() does not
 * pay. */
static void ask_about_slow(struct attempt *attempt)
{
    attempt->slow = true;
    pending_adopt(attempt->fd, attempt->entry);
    attempt->send_timeout = socket_timeout(attempt->fd, SO_SNDTIMEO);
    push_through_cork(attempt->fd);
    attempt->blocking = socket_is_blocking(attempt->fd);
}

/* Another thread closed the descriptor, or gave it another meaning: what has its number now is not ours to
 * touch. */
static bool is_gone(const struct attempt *attempt)
{
    const struct entry *entry = attempt->entry;

    return atomic_load(&entry->number) != attempt->number ||
           (atomic_load(&entry->state) == ENTRY_PENDING && slot_find(attempt->fd) != entry);
}

/* Takes the lock again, once nobody else has it. False: the entry is not this dial's any more. */
static bool lock_again(const struct attempt *attempt)
{
    while (!is_gone(attempt))
        if (entry_lock_patiently(attempt->entry)) {
            if (!is_gone(attempt))
                return true;
            entry_unlock(attempt->entry);
        }
    return false;
}

/* Linux's own time for a connection that nobody answers is two minutes. A socket that does not block is watched over by
 * whoever waits for it; but a thread that is asleep already cannot know of it. */
static void bound(struct attempt *attempt)
{
    if (attempt->direct)
        bound_take_back(attempt->entry, attempt->fd);
    else if (!atomic_load(&last_did_not_block) || identity_has_threads() || is_blocking(attempt))
        bound_put(attempt->entry, attempt->fd, dial_deadline(attempt->dial));
}

/* The kernel's connect(), which waits if the socket blocks: with the lock free, the thread's own signal mask, and as a
 * cancellation point. The lock is not held afterwards if the dial was overtaken. */
static int connect_waiting(struct attempt *attempt, const struct sockaddr *address, socklen_t size)
{
    struct dial *dial = attempt->dial;
    unsigned connects = dial->connects;

    attempt->direct = dial->state == DIAL_STATE_SETTLED;
    bound(attempt);
    stepped = NULL;
    entry_unlock(attempt->entry);
    if (attempt->own)
        own_end(attempt->own);
    pthread_setcancelstate(attempt->cancel, NULL);
    attempt->said = attempt->at_once ? -socket_connect_now(attempt->fd, address, size)
                    : real()->connect(attempt->fd, address, size) < 0 ? errno
                                                                      : 0;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    attempt->answered = true;
    if (attempt->own)
        own_begin(attempt->own);
    if (!lock_again(attempt))
        return DIAL_IS_OVERTAKEN;
    stepped = attempt;
    if (atomic_load(&attempt->entry->state) == ENTRY_PENDING && dial->connects == connects &&
        (attempt->direct || dial->state == DIAL_STATE_CONNECTING))
        return attempt->said;
    entry_unlock(attempt->entry);
    return DIAL_IS_OVERTAKEN;
}

/* dial_connect. A step in another call than connect() never waits. */
static int connect_dial(struct dial *dial, const struct sockaddr *address, socklen_t size)
{
    struct attempt *attempt = stepped;
    struct entry *entry = (struct entry *)((char *)dial - offsetof(struct entry, dial));
    int result;

    if (attempt && attempt->dial == dial)
        return connect_waiting(attempt, address, size);
    if (dial->state == DIAL_STATE_SETTLED)
        bound_take_back(entry, dial->fd);
    else if (identity_has_threads())
        bound_put(entry, dial->fd, dial_deadline(dial));
    result = socket_connect_now(dial->fd, address, size);
    return result < 0 ? -result : 0;
}

/* dial_may_wait. A blocking connect() may; whoever else steps waits for something else. */
static bool may_wait(const struct dial *dial)
{
    return stepped && stepped->dial == dial && is_blocking(stepped);
}

static struct deadline program_deadline(const struct attempt *attempt)
{
    if (attempt->send_timeout < 0)
        return deadline_never();
    return (struct deadline){ attempt->started + (int64_t)attempt->send_timeout * 1000000 };
}

/* Waits for what the step wanted. 0, or a negative errno if the program's connect() has to end here. The
 * entry is not locked meanwhile: a thread that is cancelled in poll() leaves a pending descriptor behind, as
 * natively. */
static int wait_for(struct attempt *attempt, enum dial_want want)
{
    struct pollfd ready = { .fd = attempt->fd, .events = want == DIAL_WANT_READ ? POLLIN : POLLOUT };
    struct deadline own = { atomic_load(&attempt->entry->deadline) };
    struct deadline end = deadline_earlier(own, program_deadline(attempt));
    struct deadline slice = deadline_in(attempt->slow ? LATER_WAIT : FIRST_WAIT);
    int result = libc()->poll(&ready, 1, deadline_left(deadline_earlier(end, slice)));

    if (result < 0 && errno == EINTR && signals_interrupt(attempt->fd))
        return -EINTR;
    if (deadline_passed(program_deadline(attempt)))
        return -EINPROGRESS;
    if (result == 0 && !attempt->slow)
        ask_about_slow(attempt);
    return attempt->blocking ? 0 : -EINPROGRESS;
}

/* As a natively failed blocking socket: unconnected, no error left to read, the program's registrations its
 * own. */
static int leave_failed(struct attempt *attempt, int error)
{
    int unread;
    socklen_t size = sizeof unread;

    bound_take_back(attempt->entry, attempt->fd);
    twin_end(attempt->entry, error);
    attempt->dial->must_disconnect = true;
    if (pending_hold_stuck(attempt->fd, attempt->entry)) {
        pending_adopt(attempt->fd, attempt->entry);
        event_failed(attempt->entry, 0); /* connect() tells it now */
        atomic_store(&attempt->entry->unread, false);
    } else {
        real()->getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &unread, &size);
        event_dissolved(attempt->entry, error);
    }
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
    return -entry->error;
}

/* With the lock again after a wait. False: there is nothing left to drive; *result is what that means here. */
static bool goes_on(struct attempt *attempt, int *result)
{
    if (atomic_load(&attempt->entry->state) == ENTRY_PENDING)
        return true;
    *result = leave_ended(attempt);
    return false;
}

/* Waits without the lock, and takes it again. Result as above. */
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
    return goes_on(attempt, result);
}

/* A step of this very connect(). False: there is nothing left to drive, as above. */
static bool step(struct attempt *attempt, enum dial_want *want, int *result)
{
    stepped = attempt;
    *want = dial_step(attempt->dial);
    stepped = NULL;
    if (*want != DIAL_OVERTAKEN)
        return true;
    *result = attempt->direct ? -attempt->said : -EBADF;
    if (attempt->direct || !lock_again(attempt))
        return false;
    if (attempt->said == EINPROGRESS && !is_blocking(attempt)) {
        /* Whatever became of it meanwhile is for the program's wait, as in connect_nonblocking(). */
        *result = leave_pending(attempt, -EINPROGRESS);
        return false;
    }
    *want = (enum dial_want)atomic_load(&attempt->entry->want);
    return goes_on(attempt, result);
}

/* A signal in the middle of a step would natively have ended the call that waits. */
static bool step_again(struct attempt *attempt, enum dial_want *want, int *result)
{
    struct own own;
    bool more, interrupted;

    if (!attempt->slow) /* it was waited for a moment only: not worth the calls */
        return step(attempt, want, result);
    own_begin(&own);
    attempt->own = &own;
    more = step(attempt, want, result);
    attempt->own = NULL;
    interrupted = more && (*want == DIAL_WANT_READ || *want == DIAL_WANT_WRITE) &&
                  signals_interrupted(attempt->fd, own_signal(&own, NULL));
    own_end(&own);
    if (interrupted)
        *result = leave_pending(attempt, -EINTR);
    return more && !interrupted;
}

static int connect_blocking(struct attempt *attempt, enum dial_want want)
{
    struct dial *dial = attempt->dial;
    int result;

    while (want == DIAL_WANT_READ || want == DIAL_WANT_WRITE) {
        pending_settle(attempt->fd, attempt->entry, want);
        if (attempt->answered && (attempt->said == EINTR || attempt->said == EINPROGRESS))
            return leave_pending(attempt, -attempt->said);
        attempt->answered = false;
        if (!wait_unlocked(attempt, want, &result))
            return result;
        if (result < 0)
            return leave_pending(attempt, result);
        if (!step_again(attempt, &want, &result))
            return result;
    }
    if (want == DIAL_FAILED)
        return leave_failed(attempt, dial->error);
    result = want == DIAL_OPEN ? 0 : -dial->error;
    atomic_store(&attempt->entry->zero_given, true);
    pending_settle(attempt->fd, attempt->entry, want);
    entry_unlock(attempt->entry);
    return result;
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
    bound_take_back(attempt->entry, attempt->fd);
    event_untouched(attempt->entry, attempt->dial->error);
    entry_unlock(attempt->entry);
    return -attempt->dial->error;
}

/* The place in front of the kernel: entry first, then the substitutes, then connect(), or a thread in
 * epoll_wait would see the proxy's readiness. */
static int start(struct attempt *attempt)
{
    enum dial_want want;
    int result;

    peek_begin(attempt->entry, attempt->fd);
    substitute_put(attempt->fd, attempt->entry, DIAL_WANT_WRITE);
    duplicates_share(attempt->fd, attempt->entry);
    if (!step(attempt, &want, &result))
        return result;
    if (attempt->dial->unusable)
        return leave_untouched(attempt);
    if (!attempt->dial->in_progress && attempt->blocking == UNKNOWN)
        attempt->blocking = 1; /* or TCP_FASTOPEN_CONNECT: asked when the answer is slow */
    atomic_store(&last_did_not_block, !is_blocking(attempt));
    return attempt->blocking ? connect_blocking(attempt, want) : connect_nonblocking(attempt, want);
}

/* A stand-in whose name turned out to be direct at this port: it is looked up
 * now, and its addresses tried. */
static void start_dial(struct attempt *attempt, const struct claim *claim, const struct config *config)
{
    static struct route no_proxy;
    static const struct dial_limits direct = { .timeout = -1, .attempt = -1, .fallback_direct = true };
    bool is_direct = claim->decision.verdict == VERDICT_DIRECT;

    dial_start(attempt->dial, real_net(), claim->fd, claim->family, &claim->target,
               is_direct ? &no_proxy : claim->decision.route, is_direct ? &direct : config_limits(config));
    attempt->dial->replace = replace_socket;
    attempt->dial->connect = connect_dial;
    attempt->dial->legs.authenticate = agent_authenticate;
    attempt->dial->may_wait = may_wait;
}

static bool is_bound_to_ipv6(int fd)
{
    struct sockaddr_in6 name = { 0 };
    socklen_t size = sizeof name;

    return real()->getsockname(fd, (struct sockaddr *)&name, &size) == 0 && name.sin6_family == AF_INET6 &&
           !IN6_IS_ADDR_UNSPECIFIED(&name.sin6_addr) && !IN6_IS_ADDR_V4MAPPED(&name.sin6_addr);
}

static bool is_by_ipv4(const struct claim *claim)
{
    return IN6_IS_ADDR_V4MAPPED(&claim->asked.address);
}

/* A positive errno where this name is being asked for by IPv4, or 0. A socket that is bound to an IPv6 address could not
 * have gone that way. */
static int twin_error(const struct claim *claim)
{
    int error = claim->meaning == MEANS_NAME && !is_by_ipv4(claim) ? twin_answer(&claim->target) : 0;

    return error && !is_bound_to_ipv6(claim->fd) ? error : 0;
}

int connect_claimed(const struct claim *claim)
{
    KEEP_ERRNO;
    struct attempt attempt = { .fd = claim->fd,
                               .at_once = claim->at_once,
                               .blocking = claim->at_once ? 0 : UNKNOWN,
                               .send_timeout = -1 };
    const struct config *config = guest_config();
    int result;

    if (claim->error)
        return -claim->error;
    if (!config) {
        guest_say_why();
        return -EACCES;
    }
    if (claim->decision.verdict == VERDICT_REJECT || claim->target.port == 0)
        return refuse_claimed(claim);
    result = twin_error(claim);
    if (result)
        return -result;
    pthread_testcancel();
    attempt.started = deadline_now();
    attempt.entry = slot_add(claim->fd);
    if (!attempt.entry)
        return -ENOBUFS;
    attempt.number = atomic_load(&attempt.entry->number);
    attempt.dial = &attempt.entry->dial;
    attempt.entry->asked = endpoint_literal(&claim->asked);
    start_dial(&attempt, claim, config);
    if (claim->meaning == MEANS_NAME && is_by_ipv4(claim))
        twin_begin(attempt.entry);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &attempt.cancel);
    result = start(&attempt);
    pthread_setcancelstate(attempt.cancel, NULL);
    return result;
}

int connect_direct(int fd, int result)
{
    if (!peers_empty() && (result == 0 || errno == EINPROGRESS))
        event_disconnected(fd);
    return result;
}
