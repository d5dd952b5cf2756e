#include "answers.h"
#include "hold.h"
#include "look.h"
#include "takeover.h"
#include "supervisor.h"
#include "tell.h"

#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>

enum { LOOKS = 100 }; /* for a refusal that the kernel has not noticed yet, a millisecond each */

static bool is_connected(int fd)
{
    union address peer;
    socklen_t size = sizeof peer;

    return getpeername(fd, &peer.any, &size) == 0;
}

void answer_peer(struct supervisor *s, const struct notice *notice, int fd)
{
    const struct known *known = sockets_find(&s->sockets, socket_cookie(fd));
    const union address *peer = known && known->server.any.sa_family ? &known->server
                                : known                              ? &known->asked
                                                                     : NULL;
    int result;

    if (!peer || !peer->any.sa_family || !is_connected(fd) || !notify_waits(s->listener, notice->id)) {
        notify_pass(s->listener, notice->id);
        return;
    }
    result =
        tell_address(notice, peer, socket_address_size(peer), notice->arguments[1], notice->arguments[2]);
    notify_answer(s->listener, notice->id, result);
}

/* The kernel's own error, which is a refusal whatever it was, is read away first. False: somebody else has read it,
 * by recv() or send(). */
static bool take_refusal(int fd)
{
    struct pollfd refused = { .fd = fd };

    for (int i = 0; i < LOOKS && !socket_is_unconnected(fd); i++)
        poll(&refused, 1, 1);
    return socket_option(fd, SOL_SOCKET, SO_ERROR) > 0;
}

static void tell_failure(struct supervisor *s, struct known *known, const struct notice *notice, int fd)
{
    int error = known->refused && !take_refusal(fd) ? 0 : known->error;

    known->state = SOCKET_IDLE;
    known->refused = false;
    if (!tell_result(s, notice, error) && error) {
        known->state = SOCKET_FAILED;
        known->error = error;
    }
}

/* A socket that waits at the gate is unconnected then, and who waits for it is told ECONNRESET, as the kernel has it. */
void answer_shutdown(struct supervisor *s, const struct notice *notice, int fd)
{
    struct known *known = sockets_find(&s->sockets, socket_cookie(fd));
    struct gate *gate = known ? known->gate : NULL;
    int error;

    if (!gate || (gate->state != GATE_DIALS && gate->state != GATE_OPENS) ||
        !notify_waits(s->listener, notice->id)) {
        notify_pass(s->listener, notice->id);
        return;
    }
    error = shutdown(fd, (int)notice->arguments[1]) < 0 ? errno : 0;
    if (error == 0 && gate_end_with(gate, ECONNRESET))
        socket_option(fd, SOL_SOCKET, SO_ERROR);
    notify_answer(s->listener, notice->id, -error);
}

void answer_error(struct supervisor *s, const struct notice *notice, int fd)
{
    struct known *known = sockets_find(&s->sockets, socket_cookie(fd));

    if (known && known->gate)
        gate_look(known->gate);
    if (known && known->gate && (known->gate->state == GATE_OPEN || known->gate->state == GATE_PLACED)) {
        if (!takeover(known->gate, notice, fd))
            gate_relay(known->gate);
    } else if (known && known->state == SOCKET_HELD && hold_join(s, known, notice, fd) == 0) {
        return;
    } else if (known && known->state == SOCKET_FAILED) {
        tell_failure(s, known, notice, fd);
        return;
    }
    notify_pass(s->listener, notice->id);
}
