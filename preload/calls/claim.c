#include "claim.h"

#include "../real.h"
#include "../process/guest.h"
#include "../process/readable.h"
#include "../sockets/socket.h"

#include <arpa/nameser.h>
#include <netinet/tcp.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* Whether the socket speaks TCP or MPTCP, and the address begins where it can be read, in one call that
 * changes nothing: the option takes 0 and 1, and the first four bytes of a socket address, a family and a
 * port, are neither, whatever the byte order. Where the kernel does not know the option (before Linux 4.18)
 * the socket is asked for its protocol. */
static bool is_tcp(int fd, const struct sockaddr *address)
{
    int protocol = 0;
    socklen_t size = sizeof protocol;

    if (real()->setsockopt(fd, IPPROTO_TCP, TCP_INQ, address, sizeof(int)) == 0 || errno == EINVAL)
        return true;
    return errno == ENOPROTOOPT && real()->getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
           (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

static struct decision decide(const struct claim *tunnel)
{
    const struct config *config = guest_config();
    enum verdict verdict = endpoint_is_loopback(&tunnel->asked) ? VERDICT_DIRECT : VERDICT_REJECT;

    if (config && tunnel->target.port == NAMESERVER_PORT && stand_in_resolvers_refused())
        return (struct decision){ .verdict = VERDICT_REJECT };
    if (config && tunnel->meaning == MEANS_ANSWER)
        return config_decide_both(config, &tunnel->target, &tunnel->asked);
    return config ? config_decide(config, &tunnel->target) : (struct decision){ .verdict = verdict };
}

static bool claimed(struct claim *out, int fd, int family)
{
    out->fd = fd;
    out->family = family;
    out->target = out->asked;
    out->meaning = stand_in_meaning(&out->target);
    out->error = out->meaning == MEANS_NOTHING ? EHOSTUNREACH : 0;
    out->decision = decide(out);
    return out->decision.verdict != VERDICT_DIRECT || out->meaning == MEANS_NAME ||
           out->meaning == MEANS_NOTHING;
}

static bool is_closed_to_datagrams(struct claim *out, int fd, const struct sockaddr *address, socklen_t size)
{
    out->error = ENETUNREACH;
    return stand_in_unreachable(fd, address, size);
}

bool claim_connect(struct claim *out, int fd, const struct sockaddr *address, socklen_t size)
{
    int saved = errno;
    bool wanted = false;

    if (!guest_may_act() || !address || size < (socklen_t)sizeof(struct sockaddr_in))
        return false;
    if (!is_tcp(fd, address))
        wanted = is_closed_to_datagrams(out, fd, address, size);
    else if ((!readable_crosses_page(address, size) || socket_address_readable(address, size)) &&
             endpoint_from_sockaddr(&out->asked, address, size))
        wanted = claimed(out, fd, socket_address_family(address));
    errno = saved;
    return wanted;
}
