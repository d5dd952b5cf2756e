#include "connect_again.h"

#include "../real.h"
#include "../sockets/bound.h"
#include "../sockets/event.h"
#include "../sockets/peer.h"
#include "../pending/end.h"
#include "../pending/wait.h"
#include "../pending/replace.h"
#include "../process/kind.h"
#include "../sockets/socket.h"

static int take_failure(int fd, struct entry *entry)
{
    int result = socket_connect_to_nowhere(fd, entry->dial.family);

    if (result == -ECONNREFUSED)
        result = -pending_error(fd, ECONNREFUSED);
    event_dissolved(entry, 0);
    return result;
}

/* Perhaps the socket can be let go now. False: it was, and was told of; it is one like others. */
static bool take_stuck(int fd, struct entry *entry, int *result)
{
    bool unread = atomic_exchange(&entry->unread, false);
    int unread_error;
    socklen_t size = sizeof unread_error;

    entry->dial.must_disconnect = true;
    *result = unread ? -entry->error : -ECONNABORTED;
    if (pending_hold_stuck(fd, entry))
        return true;
    bound_take_back(entry, fd);
    real()->getsockopt(fd, SOL_SOCKET, SO_ERROR, &unread_error, &size);
    unread |= entry->error != 0;
    event_dissolved(entry, 0);
    return unread;
}

/* The kernel's failed connect() again: the error if nobody took it, ECONNABORTED if somebody did, as
 * natively. It never connects anywhere, but to be sure it is asked to go nowhere. False: another thread took the
 * failure, by this descriptor or a duplicate, and the socket is one like others. */
static bool again_after_failure(int fd, struct entry *entry, int *result)
{
    bool locked = entry_lock_patiently(entry);
    bool mine = slot_find(fd) == entry && atomic_load(&entry->state) == ENTRY_FAILED;

    if (mine && atomic_load(&entry->stuck))
        mine = take_stuck(fd, entry, result);
    else if (mine)
        *result = take_failure(fd, entry);
    if (locked)
        entry_unlock(entry);
    return mine;
}

/* Linux: the first connect() after the connection was made returns 0, whatever its address, the next EISCONN.
 * Where the first part of ours was a blocking one, the kernel has had its first one already. The address is nobody's: the
 * connection may break this very moment, and then the kernel would go there. */
static int again_after_open(int fd)
{
    int error = -socket_connect_to_nowhere(fd, AF_INET);

    if (error == 0)
        error = EISCONN;
    return error == EISCONN && peer_take_zero(fd) ? 0 : -error;
}

/* False: as above. */
static bool again_while_pending(int fd, struct entry *entry, int *result)
{
    uint32_t number = atomic_load(&entry->number);
    bool interrupted = false;
    int timeout = socket_is_blocking(fd) ? socket_timeout(fd, SO_SNDTIMEO) : 0;

    if (!pending_wait(fd, entry, deadline_in(timeout), &interrupted)) {
        *result = interrupted ? -EINTR : -EALREADY;
        return true;
    }
    if (pending_find(fd) == entry && atomic_load(&entry->number) == number &&
        atomic_load(&entry->state) == ENTRY_FAILED)
        return again_after_failure(fd, entry, result);
    if (!peer_known(fd)) /* pending_find() has recorded what another process opened */
        return false;
    *result = again_after_open(fd);
    if (*result == 0)
        atomic_store(&entry->zero_given, true);
    return true;
}

/* Where connect(2) to an address leads. */
enum lead {
    LEADS_NOWHERE,
    LEADS_APART,
    LEADS_ON
}; /* it cannot be read; AF_UNSPEC dissolves an association; all others */

static enum lead lead_of(const struct sockaddr *address, socklen_t size)
{
    if (!socket_address_readable(address, size))
        return LEADS_NOWHERE;
    return socket_address_family(address) == AF_UNSPEC ? LEADS_APART : LEADS_ON;
}

static struct entry *entry_of(int fd)
{
    struct entry *entry = slots_empty() ? NULL : pending_find(fd);

    return entry && pending_was_recycled(fd, entry) ? NULL : entry;
}

static bool again(int fd, struct entry *entry, int *result)
{
    if (entry && atomic_load(&entry->state) == ENTRY_FAILED)
        return again_after_failure(fd, entry, result);
    if (entry)
        return again_while_pending(fd, entry, result);
    *result = again_after_open(fd);
    return true;
}

/* A record says nothing of the socket that has its number now, which is closed most often: claim_connect() would ask that anyway. */
static bool is_open(int fd, const struct sockaddr *address, bool *closed)
{
    if (peers_empty() || !peer_known(fd))
        return false;
    *closed = kind_is_closed_tcp(fd, address);
    return !*closed && peer_is_open(fd);
}

bool connect_again(int fd, const struct sockaddr *address, socklen_t size, int *result, bool *closed)
{
    KEEP_ERRNO;
    struct entry *entry = entry_of(fd);
    bool is_ours = entry || is_open(fd, address, closed);
    enum lead lead = is_ours || original_any() ? lead_of(address, size) : LEADS_NOWHERE;

    if (is_ours && lead == LEADS_ON && again(fd, entry, result))
        return true;
    if (is_ours && lead == LEADS_APART)
        pending_forget(fd);
    if (original_any() && lead == LEADS_ON && peer_known(fd))
        return replace_ended(fd, result);
    if (original_any() && lead == LEADS_ON) {
        replace_undo(fd);
        *closed = false;
    }
    return false;
}
