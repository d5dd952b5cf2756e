#include "question.h"

#include "../names/answer.h"
#include "../names/stand_in.h"
#include "../process/guest.h"
#include "../process/readable.h"
#include "../sockets/fd_map.h"
#include "../sockets/letter.h"

#include <ptunnel/log.h>

#include <arpa/nameser.h>
#include <string.h>

enum { QUERY_MOST = 1232 }; /* no question is longer, padding (RFC 8467) included */

FD_MAP(connected, _Atomic bool, 1024);
_Atomic bool question_connected_ever;
static atomic_bool is_resolver, said;

/* Whether anybody looks at what is asked. */
static bool is_watched(void)
{
    const struct config *config = !atomic_load(&is_resolver) && guest_may_act() ? guest_config() : NULL;
    int resolvers = config ? config_setting(config, CONFIG_RESOLVERS)->value : RESOLVERS_REFUSE;

    return resolvers == RESOLVERS_ANSWER || (resolvers == RESOLVERS_ALLOW && !atomic_load(&said));
}

/* Whether it is likely enough to be worth asking the kernel whether the message can be read. */
static bool messages_are_watched(void)
{
    return is_watched() && (question_any_connected() ||
                            config_setting(guest_config(), CONFIG_RESOLVERS)->value == RESOLVERS_ANSWER);
}

static bool is_of_datagrams(int fd, bool if_unknown)
{
    int type = 0;
    socklen_t size = sizeof type;

    if (real()->getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0)
        return type == SOCK_DGRAM;
    return if_unknown && errno != EBADF && errno != ENOTSOCK;
}

static bool is_resolvers(struct endpoint *out, const struct sockaddr *address, socklen_t size)
{
    return size >= (socklen_t)sizeof(struct sockaddr_in) &&
           size <= (socklen_t)sizeof(struct sockaddr_storage) && readable(address, size) &&
           endpoint_from_destination(out, address, size) && out->port == NAMESERVER_PORT;
}

void question_connected(int fd, const struct sockaddr *address, socklen_t size)
{
    KEEP_ERRNO;
    _Atomic bool *mark;
    struct endpoint server;

    if (is_watched() && is_resolvers(&server, address, size) && is_of_datagrams(fd, true) &&
        (mark = fd_map_at(&connected, fd, true))) {
        atomic_store(mark, true);
        atomic_store(&question_connected_ever, true);
    }
}

/* The number may have become another socket's: the mark says only that it is worth asking. */
static bool is_connected_to_resolver(int fd, struct endpoint *server)
{
    const _Atomic bool *mark = fd_map_at(&connected, fd, false);
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;

    return mark && atomic_load(mark) && real()->getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
           endpoint_from_sockaddr(server, (const struct sockaddr *)&peer, size) &&
           server->port == NAMESERVER_PORT;
}

static void say_asked(const struct dns_query *query)
{
    if (!atomic_exchange(&said, true))
        log_print(
            LOG_FAILURE,
            "%s: asks a resolver itself, past the proxy; '--resolvers answer' answers it here, which will be "
            "usual from 0.3.0 on, '--resolvers refuse' stops it",
            query->name[0] ? query->name : ".");
}

/* Apart, so that its answer is not in the frame of callers that send the program's own message. */
static __attribute__((noinline)) bool answer(int fd, const struct endpoint *server, const void *bytes,
                                             size_t size)
{
    unsigned char words[DNS_ANSWER_SIZE];
    struct dns_query query;

    if (size > QUERY_MOST || !answer_is_ours(&query, bytes, size))
        return false;
    if (config_setting(guest_config(), CONFIG_RESOLVERS)->value == RESOLVERS_ALLOW) {
        say_asked(&query);
        return false;
    }
    if (!letter_post(fd, server, words, answer_make(&query, bytes, words)))
        log_print(LOG_FAILURE, "%s: asked of a resolver; the answer could not be put into the socket",
                  query.name);
    return true;
}

bool question_answered(int fd, const void *bytes, size_t size, const struct sockaddr *address,
                       socklen_t address_size)
{
    KEEP_ERRNO;
    struct endpoint server;
    bool answered = false;

    if (!is_watched())
        return false;
    if (address ? is_resolvers(&server, address, address_size) && is_of_datagrams(fd, true)
                : is_connected_to_resolver(fd, &server))
        answered = size > 0 && readable(bytes, size) && answer(fd, &server, bytes, size);
    return answered;
}

static size_t gather(const struct msghdr *message, unsigned char *out)
{
    size_t size = 0;

    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++) {
        const struct iovec *part = &message->msg_iov[i];

        if (part->iov_len > QUERY_MOST - size || (part->iov_len && !readable(part->iov_base, part->iov_len)))
            return 0;
        memcpy(out + size, part->iov_base, part->iov_len);
        size += part->iov_len;
    }
    return size;
}

bool question_message_answered(int fd, const struct msghdr *message, size_t *size)
{
    unsigned char bytes[QUERY_MOST];
    enum { PARTS_MOST = 8 };

    if (!messages_are_watched() || !message || !readable(message, sizeof *message) || !message->msg_iov ||
        message->msg_iovlen > PARTS_MOST ||
        !readable(message->msg_iov, message->msg_iovlen * sizeof *message->msg_iov))
        return false;
    *size = gather(message, bytes);
    return *size && question_answered(fd, bytes, *size, message->msg_name, message->msg_namelen);
}

unsigned question_messages_answered(int fd, struct mmsghdr *messages, unsigned count)
{
    unsigned answered = 0;
    size_t size;

    if (!messages_are_watched())
        return 0;
    while (messages && answered < count && readable(&messages[answered], sizeof *messages) &&
           question_message_answered(fd, &messages[answered].msg_hdr, &size))
        messages[answered++].msg_len = (unsigned)size;
    return answered;
}

void question_bound(int fd, const struct sockaddr *address, socklen_t size)
{
    KEEP_ERRNO;
    struct endpoint at;

    if (is_resolvers(&at, address, size) && is_of_datagrams(fd, false))
        atomic_store(&is_resolver, true);
}
