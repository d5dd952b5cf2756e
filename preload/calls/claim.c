#include "claim.h"

#include "../names/way.h"
#include "../real.h"
#include "../process/guest.h"
#include "../process/kind.h"
#include "../process/readable.h"
#include "../sockets/socket.h"

#include <ptunnel/hash.h>
#include <ptunnel/log.h>

#include <arpa/nameser.h>
#include <string.h>

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

/* Fills *out in. Whether connect() there is anything but the kernel's business. */
static bool is_wanted(struct claim *out, int fd, int family)
{
    out->fd = fd;
    out->family = family;
    out->at_once = false;
    out->target = out->asked;
    out->meaning = stand_in_meaning(&out->target);
    if (out->meaning == MEANS_NAME)
        way_by_file(&out->target, family);
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

/* Apart, so that its buffers are not in the caller's frame: see dial_words.h. */
static __attribute__((noinline)) void say_unknown(const struct endpoint *target)
{
    char buffer[LOG_LINE_SIZE], authority[ENDPOINT_TEXT_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    endpoint_print(target, authority);
    text_print(&line, "%s: not let out: a sandbox refuses to tell whether the socket is one of TCP",
               authority);
    log_failure(hash_bytes(authority, strlen(authority)), &line);
}

/* A socket of which it is not known whether it is to be tunnelled reaches what is direct, and nothing else. */
static bool is_wanted_unknown(struct claim *out, int fd, int family)
{
    if (!is_wanted(out, fd, family))
        return false;
    say_unknown(&out->target);
    out->error = EACCES;
    return true;
}

/* For sockets that are not closed ones of TCP: connected already, of MPTCP, of another protocol, or in a sandbox. */
static bool is_wanted_by_kind(struct claim *out, int fd, const struct sockaddr *address, socklen_t size)
{
    switch (kind_of(fd)) {
    case KIND_TCP:
        return is_wanted(out, fd, socket_address_family(address));
    case KIND_OTHER:
        return is_closed_to_datagrams(out, fd, address, size);
    case KIND_UNKNOWN:
        return is_wanted_unknown(out, fd, socket_address_family(address));
    case KIND_FOREIGN:
        break;
    }
    return false;
}

bool claim_connect(struct claim *out, int fd, const struct sockaddr *address, socklen_t size)
{
    KEEP_ERRNO;
    bool wanted = false;

    if (!guest_may_act() || !address || size < (socklen_t)sizeof(struct sockaddr_in))
        return false;
    if (!out->closed && !kind_is_closed_tcp(fd, address))
        wanted = socket_address_readable(address, size) &&
                 endpoint_from_sockaddr(&out->asked, address, size) &&
                 is_wanted_by_kind(out, fd, address, size);
    else if ((!readable_crosses_page(address, size) || socket_address_readable(address, size)) &&
             endpoint_from_sockaddr(&out->asked, address, size))
        wanted = is_wanted(out, fd, socket_address_family(address));
    return wanted;
}
