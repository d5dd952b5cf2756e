/* The calls that move bytes. On a pending descriptor they answer what the kernel answers while a socket
 * connects, or wait where it would: not a byte of the program reaches the proxy before the tunnel is open. */
#include "../calls/descriptors.h"
#include "../calls/outgoing.h"
#include "../calls/question.h"
#include "../pending/wait.h"
#include "../process/readable.h"
#include "../real.h"
#include "../sockets/letter.h"
#include "time64.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

/* glibc declares the fortified forms only for programs that use them. */
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags, struct sockaddr *address,
                       socklen_t *address_size);

/* As WHEN_OPEN, but for what the kernel answers without a look at the connection. */
#define WHEN_OPEN_UNLESS(decided, fd, wait_option, flags, call)                                              \
    (slots_idle() || (decided)               ? (call)                                                        \
     : pending_enter(fd, wait_option, flags) ? pending_after(fd, (call))                                     \
                                             : -1)

/* The hooks that a program calls most have what is seldom needed in a function of its own: so they save no register. */
#define APART static __attribute__((noinline))

static inline bool none_or_too_many(int parts)
{
    return parts <= 0 || parts > IOV_MAX;
}

APART ssize_t read_pending(int fd, void *buffer, size_t size)
{
    return WHEN_OPEN_UNLESS(size == 0, fd, SO_RCVTIMEO, 0, real()->read(fd, buffer, size));
}

EXPORT ssize_t read(int fd, void *buffer, size_t size)
{
    return slots_idle() ? real()->read(fd, buffer, size) : read_pending(fd, buffer, size);
}

EXPORT ssize_t __read(int fd, void *buffer, size_t size) __attribute__((alias("read")));

EXPORT ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room)
{
    return WHEN_OPEN_UNLESS(size == 0, fd, SO_RCVTIMEO, 0, real()->__read_chk(fd, buffer, size, room));
}

EXPORT ssize_t readv(int fd, const struct iovec *parts, int count)
{
    return WHEN_OPEN_UNLESS(none_or_too_many(count), fd, SO_RCVTIMEO, 0, real()->readv(fd, parts, count));
}

EXPORT ssize_t preadv64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
    return WHEN_OPEN_UNLESS(offset != -1 || none_or_too_many(count), fd, SO_RCVTIMEO,
                            flags & RWF_NOWAIT ? MSG_DONTWAIT : 0,
                            real()->preadv64v2(fd, parts, count, offset, flags));
}

APART ssize_t recv_pending(int fd, void *buffer, size_t size, int flags)
{
    return WHEN_OPEN_UNLESS(flags & MSG_ERRQUEUE, fd, SO_RCVTIMEO, flags,
                            real()->recv(fd, buffer, size, flags));
}

EXPORT ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    return slots_idle() ? real()->recv(fd, buffer, size, flags) : recv_pending(fd, buffer, size, flags);
}

EXPORT ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags)
{
    return WHEN_OPEN_UNLESS(flags & MSG_ERRQUEUE, fd, SO_RCVTIMEO, flags,
                            real()->__recv_chk(fd, buffer, size, room, flags));
}

EXPORT ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
                        socklen_t *address_size)
{
    socklen_t room = letter_room(address, address_size);
    ssize_t got = WHEN_OPEN_UNLESS(flags & MSG_ERRQUEUE, fd, SO_RCVTIMEO, flags,
                                   real()->recvfrom(fd, buffer, size, flags, address, address_size));

    if (room > 0 && got > 0)
        letter_sender(fd, buffer, got < (ssize_t)size ? got : (ssize_t)size, address, room, address_size);
    return got;
}

EXPORT ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags,
                              struct sockaddr *address, socklen_t *address_size)
{
    if (size > room) /* libc ends the program */
        return real()->__recvfrom_chk(fd, buffer, size, room, flags, address, address_size);
    return recvfrom(fd, buffer, size, flags, address, address_size);
}

static inline ssize_t received(const struct msghdr *message, ssize_t result)
{
    if (result >= 0 && message->msg_controllen > 0)
        descriptors_received(message);
    return result;
}

static inline ssize_t all_received(const struct mmsghdr *messages, ssize_t result)
{
    for (ssize_t i = 0; i < result; i++)
        received(&messages[i].msg_hdr, 0);
    return result;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    socklen_t room = letter_message_room(message);
    ssize_t got =
        WHEN_OPEN_UNLESS(flags & MSG_ERRQUEUE, fd, SO_RCVTIMEO, flags, real()->recvmsg(fd, message, flags));

    if (room > 0 && got > 0)
        letter_message_sender(fd, message, got, room);
    return received(message, got);
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, mmsg_flags flags, struct timespec *time)
{
    struct letter_rooms rooms = letter_messages_rooms(messages, count);
    int got = (int)WHEN_OPEN_UNLESS(count == 0 || (flags & MSG_ERRQUEUE), fd, SO_RCVTIMEO, flags,
                                    real()->recvmmsg(fd, messages, count, flags, time));

    if (rooms.count > 0 && got > 0)
        letter_messages_senders(fd, messages, got, &rooms);
    return (int)all_received(messages, got);
}

#ifdef NARROW_TIMES /* what comes along may be a time stamp */
EXPORT ssize_t __recvmsg64(int fd, struct msghdr *message, int flags)
{
    return received(message, WHEN_OPEN_UNLESS(flags & MSG_ERRQUEUE, fd, SO_RCVTIMEO, flags,
                                              real()->__recvmsg64(fd, message, flags)));
}

EXPORT int __recvmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags,
                        struct wide_timespec *time)
{
    return (int)all_received(messages,
                             WHEN_OPEN_UNLESS(count == 0 || (flags & MSG_ERRQUEUE), fd, SO_RCVTIMEO, flags,
                                              real()->__recvmmsg64(fd, messages, count, flags, time)));
}

EXPORT ssize_t __sendmsg64(int fd, const struct msghdr *message, int flags) __attribute__((alias("sendmsg")));
EXPORT int __sendmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags)
    __attribute__((alias("sendmmsg")));
#endif

APART ssize_t write_pending(int fd, const void *bytes, size_t size)
{
    if (question_asked(fd, bytes, size))
        return (ssize_t)size;
    return WHEN_OPEN(fd, SO_SNDTIMEO, 0, real()->write(fd, bytes, size));
}

EXPORT ssize_t write(int fd, const void *bytes, size_t size)
{
    if (slots_idle() && !question_any_connected())
        return real()->write(fd, bytes, size);
    return write_pending(fd, bytes, size);
}

EXPORT ssize_t __write(int fd, const void *bytes, size_t size) __attribute__((alias("write")));

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
    const struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count };
    size_t size;

    if (question_any_connected() && !none_or_too_many(count) &&
        question_message_answered(fd, &message, &size))
        return (ssize_t)size;
    return WHEN_OPEN_UNLESS(none_or_too_many(count), fd, SO_SNDTIMEO, 0, real()->writev(fd, parts, count));
}

EXPORT ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
    return WHEN_OPEN_UNLESS(offset != -1 || none_or_too_many(count), fd, SO_SNDTIMEO,
                            flags & RWF_NOWAIT ? MSG_DONTWAIT : 0,
                            real()->pwritev64v2(fd, parts, count, offset, flags));
}

APART ssize_t send_pending(int fd, const void *bytes, size_t size, int flags)
{
    if (question_asked(fd, bytes, size))
        return (ssize_t)size;
    return WHEN_OPEN(fd, SO_SNDTIMEO, flags, real()->send(fd, bytes, size, flags));
}

EXPORT ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    if (slots_idle() && !question_any_connected())
        return real()->send(fd, bytes, size, flags);
    return send_pending(fd, bytes, size, flags);
}

EXPORT ssize_t __send(int fd, const void *bytes, size_t size, int flags) __attribute__((alias("send")));

/* MSG_FASTOPEN connects: where a tunnel is due, as connect() does. */
EXPORT ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *address,
                      socklen_t address_size)
{
    if (address ? question_answered(fd, bytes, size, address, address_size) : question_asked(fd, bytes, size))
        return (ssize_t)size;
    if (outgoing_refused(fd, &flags, address, address_size))
        return -1;
    return WHEN_OPEN(fd, SO_SNDTIMEO, flags, real()->sendto(fd, bytes, size, flags, address, address_size));
}

/* SCM_RIGHTS: a descriptor that leaves the process is connected first, for the receiver has no table. */
EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    size_t size;

    if (question_message_answered(fd, message, &size))
        return (ssize_t)size;
    if (outgoing_message_refused(fd, &flags, message))
        return -1;
    return WHEN_OPEN_UNLESS(!readable(message, sizeof *message), fd, SO_SNDTIMEO, flags,
                            real()->sendmsg(fd, message, flags));
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, mmsg_flags flags)
{
    unsigned wanted = count, answered = question_messages_answered(fd, messages, count);
    int sent_with = (int)flags;

    if (answered > 0)
        return (int)answered;
    count = outgoing_messages(fd, &sent_with, messages, wanted);
    if (count == 0 && wanted > 0)
        return -1;
    return (int)WHEN_OPEN_UNLESS(count == 0 || !readable(messages, sizeof *messages), fd, SO_SNDTIMEO, flags,
                                 real()->sendmmsg(fd, messages, count, (mmsg_flags)sent_with));
}

EXPORT int __sendmmsg(int fd, struct mmsghdr *messages, unsigned count, mmsg_flags flags)
    __attribute__((alias("sendmmsg")));

EXPORT ssize_t sendfile64(int to, int from, off64_t *offset, size_t size)
{
    return WHEN_OPEN(to, SO_SNDTIMEO, 0, real()->sendfile64(to, from, offset, size));
}

#ifdef NARROW_OFFSETS
EXPORT ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    return preadv64v2(fd, parts, count, offset, flags);
}

EXPORT ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    return pwritev64v2(fd, parts, count, offset, flags);
}

EXPORT ssize_t sendfile(int to, int from, off_t *offset, size_t size)
{
    return WHEN_OPEN(to, SO_SNDTIMEO, 0, real()->sendfile(to, from, offset, size));
}
#else
EXPORT ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
    __attribute__((alias("preadv64v2")));
EXPORT ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
    __attribute__((alias("pwritev64v2")));
EXPORT ssize_t sendfile(int to, int from, off_t *offset, size_t size) __attribute__((alias("sendfile64")));
#endif

EXPORT ssize_t splice(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t size, unsigned flags)
{
    int wait = flags & SPLICE_F_NONBLOCK ? MSG_DONTWAIT : 0;

    if (!slots_empty() && (!pending_enter(from, SO_RCVTIMEO, wait) || !pending_enter(to, SO_SNDTIMEO, wait)))
        return -1;
    return pending_after(to,
                         pending_after(from, real()->splice(from, from_offset, to, to_offset, size, flags)));
}

/* stdio reads and writes without passing any hook, so a stream begins with an open tunnel or a failed one. */
EXPORT FILE *fdopen(int fd, const char *mode)
{
    if (!slots_empty())
        pending_finish(fd);
    return real()->fdopen(fd, mode);
}
