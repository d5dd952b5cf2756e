#include "connect_again.h"

#include "../real.h"
#include "../sockets/peer.h"
#include "../pending/end.h"
#include "../pending/wait.h"
#include "../pending/replace.h"
#include "../sockets/socket.h"

/* The kernel's failed connect() again: the error if nobody took it, ECONNABORTED if somebody did, as
 * natively. It never connects anywhere, but to be sure it is asked to go nowhere. */
static int again_after_failure(int fd, struct entry *entry)
{
    int result = socket_connect_to_nowhere(fd, entry->dial.family);

    if (result == -ECONNREFUSED)
        result = -pending_error(fd, ECONNREFUSED);
    slot_drop(fd);
    return result;
}

/* Linux: the first connect() after the connection was made returns 0, whatever its address, the next EISCONN.
 * Where the first part of ours was a blocking one, the kernel has had its first one already. */
static int again_after_open(int fd, const struct sockaddr *address, socklen_t size)
{
    int error = real()->connect(fd, address, size) < 0 ? errno : EISCONN;

    return error == EISCONN && peer_take_zero(fd) ? 0 : -error;
}

static int again_while_pending(int fd, struct entry *entry, const struct sockaddr *address, socklen_t size)
{
    uint32_t number = atomic_load(&entry->number);
    bool interrupted = false;
    int timeout = socket_is_blocking(fd) ? socket_timeout(fd, SO_SNDTIMEO) : 0, result;

    if (!pending_wait(fd, entry, deadline_in(timeout), &interrupted))
        return interrupted ? -EINTR : -EALREADY;
    if (atomic_load(&entry->number) == number && atomic_load(&entry->state) == ENTRY_FAILED)
        return again_after_failure(fd, entry);
    result = again_after_open(fd, address, size);
    if (result == 0)
        atomic_store(&entry->zero_given, true);
    return result;
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

    if (!entry || !pending_is_recycled(fd, entry))
        return entry;
    pending_discard(fd, entry);
    return NULL;
}

static int again(int fd, struct entry *entry, const struct sockaddr *address, socklen_t size)
{
    if (!entry)
        return again_after_open(fd, address, size);
    if (atomic_load(&entry->state) == ENTRY_FAILED)
        return again_after_failure(fd, entry);
    return again_while_pending(fd, entry, address, size);
}

/* Of an open tunnel with nothing left to say the kernel knows the answer, and connect_direct() sees the rest. */
bool connect_again(int fd, const struct sockaddr *address, socklen_t size, int *result)
{
    KEEP_ERRNO;
    struct entry *entry = entry_of(fd);
    bool is_ours = entry || (!peers_empty() && peer_zero_is_due(fd));
    enum lead lead = is_ours || original_any() ? lead_of(address, size) : LEADS_NOWHERE;

    if (is_ours && lead == LEADS_ON) {
        *result = again(fd, entry, address, size);
        return true;
    }
    if (is_ours && lead == LEADS_APART)
        pending_forget(fd);
    if (original_any() && lead == LEADS_ON && !peer_known(fd))
        replace_undo(fd);
    return false;
}
