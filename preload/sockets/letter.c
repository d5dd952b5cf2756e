#include "letter.h"

#include "socket.h"

#include "../process/own.h"
#include "../process/readable.h"

#include <string.h>

enum { LETTERS = 64, KNOWN_BY = 2 };

/* Who a letter is from. Written and read without a lock; one that is being written has no key. */
struct letter {
    _Atomic uint64_t key; /* of the socket and the first bytes; 0: none */
    _Atomic uint64_t high, low;
    _Atomic uint32_t scope;
    _Atomic uint16_t port;
};

_Atomic bool letter_ever;
static struct letter letters[LETTERS];
static atomic_uint next;

static uint64_t key_of(int fd, const void *bytes)
{
    uint16_t first;

    memcpy(&first, bytes, KNOWN_BY);
    return (socket_cookie(fd) << 16 | first) ^ UINT64_C(1) << 63;
}

static void remember(uint64_t key, const struct endpoint *from)
{
    struct letter *letter = &letters[atomic_fetch_add(&next, 1) % LETTERS];
    uint64_t halves[2];

    memcpy(halves, &from->address, sizeof halves);
    atomic_store(&letter->key, 0);
    atomic_store(&letter->high, halves[0]);
    atomic_store(&letter->low, halves[1]);
    atomic_store(&letter->scope, from->scope);
    atomic_store(&letter->port, from->port);
    atomic_store(&letter->key, key);
    atomic_store(&letter_ever, true);
}

static bool find(uint64_t key, struct endpoint *from)
{
    for (unsigned i = 0; i < LETTERS; i++) {
        struct letter *letter = &letters[i];
        uint64_t halves[2];

        if (atomic_load(&letter->key) != key)
            continue;
        halves[0] = atomic_load(&letter->high);
        halves[1] = atomic_load(&letter->low);
        *from = (struct endpoint){ .literal = true,
                                   .scope = atomic_load(&letter->scope),
                                   .port = atomic_load(&letter->port) };
        memcpy(&from->address, halves, sizeof halves);
        if (atomic_load(&letter->key) == key)
            return true;
    }
    return false;
}

/* The socket's own address; an unspecified one counts as loopback's. Its family, or 0. */
static int name_of(int fd, struct endpoint *out)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    bool known = real()->getsockname(fd, (struct sockaddr *)&name, &size) == 0 &&
                 endpoint_from_sockaddr(out, (const struct sockaddr *)&name, size);

    return known ? name.ss_family : 0;
}

/* To the port that it had, so that answers of others still find it; if it had none, to any. */
static bool bind_anew(int fd, int family, uint16_t port)
{
    struct endpoint any = { .literal = true, .port = port };
    struct sockaddr_storage address;
    socklen_t size;

    if (family == AF_INET)
        any.address.s6_addr[10] = any.address.s6_addr[11] = 0xff;
    size = endpoint_to_sockaddr(&any, family, &address);
    return real()->bind(fd, (const struct sockaddr *)&address, size) == 0;
}

/* Where the socket hears itself: its own address, or loopback's of the kind that the letter is from. */
static bool own_address(int fd, const struct endpoint *from, uint16_t port, struct endpoint *out)
{
    static const struct in6_addr v4 = { { { [10] = 0xff, 0xff, 127, 0, 0, 1 } } };
    int family = name_of(fd, out);

    if (family && out->port == 0 && !bind_anew(fd, family, port) && !(port && bind_anew(fd, family, 0)))
        return false;
    if (!name_of(fd, out))
        return false;
    if (IN6_IS_ADDR_LOOPBACK(&out->address) && endpoint_is_v4(from))
        out->address = v4;
    return true;
}

static bool send_to_itself(int fd, int family, const struct endpoint *self, const void *bytes, size_t size)
{
    struct sockaddr_storage address;
    socklen_t address_size = endpoint_to_sockaddr(self, family, &address);

    return real()->sendto(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address,
                          address_size) == (ssize_t)size;
}

static bool post(int fd, const struct endpoint *from, const void *bytes, size_t size)
{
    struct sockaddr_storage peer;
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    struct endpoint self;
    socklen_t peer_size = sizeof peer;
    int family = name_of(fd, &self);
    bool connected = real()->getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0, posted;

    if (!family || (connected && real()->connect(fd, &none, sizeof none) < 0))
        return false;
    posted = own_address(fd, from, self.port, &self) && send_to_itself(fd, family, &self, bytes, size);
    if (connected)
        real()->connect(fd, (struct sockaddr *)&peer, peer_size);
    return posted;
}

bool letter_post(int fd, const struct endpoint *from, const void *bytes, size_t size)
{
    struct own own;
    bool posted;

    if (size < KNOWN_BY)
        return false;
    own_begin(&own);
    remember(key_of(fd, bytes), from); /* before another thread can receive it */
    posted = post(fd, from, bytes, size);
    own_end(&own);
    return posted;
}

static bool is_from_itself(int fd, const struct sockaddr *address, socklen_t size)
{
    struct endpoint sender, self;

    return endpoint_from_sockaddr(&sender, address, size) && name_of(fd, &self) && sender.port == self.port &&
           (endpoint_is_loopback(&sender) || endpoint_equal(&sender, &self));
}

socklen_t letter_room_asking(const void *address, const socklen_t *size)
{
    return address && size && readable(size, sizeof *size) ? *size : 0;
}

void letter_sender(int fd, const void *bytes, ssize_t got, struct sockaddr *address, socklen_t room,
                   socklen_t *size)
{
    KEEP_ERRNO;
    struct sockaddr_storage right;
    struct endpoint from;

    if (got >= KNOWN_BY && room >= *size && is_from_itself(fd, address, *size) &&
        find(key_of(fd, bytes), &from)) {
        *size = endpoint_to_sockaddr(&from, address->sa_family, &right);
        memcpy(address, &right, *size);
    }
}

socklen_t letter_message_room(const struct msghdr *message)
{
    socklen_t room = 0;

    if (atomic_load_explicit(&letter_ever, memory_order_relaxed) && message &&
        readable(message, sizeof *message) && message->msg_name && message->msg_iovlen > 0)
        room = message->msg_namelen;
    return room;
}

void letter_message_sender(int fd, struct msghdr *message, ssize_t got, socklen_t room)
{
    const struct iovec *first = message->msg_iov;

    if ((size_t)got > first->iov_len)
        got = (ssize_t)first->iov_len;
    letter_sender(fd, first->iov_base, got, message->msg_name, room, &message->msg_namelen);
}

struct letter_rooms letter_messages_rooms(const struct mmsghdr *messages, unsigned count)
{
    struct letter_rooms rooms = { 0 };

    if (!atomic_load_explicit(&letter_ever, memory_order_relaxed) || !messages)
        return rooms;
    for (; rooms.count < count && rooms.count < sizeof rooms.room; rooms.count++) {
        socklen_t room = letter_message_room(&messages[rooms.count].msg_hdr);

        rooms.room[rooms.count] = room > UINT8_MAX ? UINT8_MAX : (uint8_t)room;
    }
    return rooms;
}

void letter_messages_senders(int fd, struct mmsghdr *messages, int got, const struct letter_rooms *rooms)
{
    for (unsigned i = 0; i < (unsigned)got && i < rooms->count; i++)
        if (rooms->room[i] > 0 && messages[i].msg_len > 0)
            letter_message_sender(fd, &messages[i].msg_hdr, (ssize_t)messages[i].msg_len, rooms->room[i]);
}
