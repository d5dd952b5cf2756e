#include "datagrams.h"
#include "look.h"
#include "stub.h"
#include "supervisor.h"
#include "tell.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

enum { RESOLVER_PORT = 53, DATAGRAM_MOST = 65536, PIECES_MOST = 64, LOOK_AFTER = 200 /* ms */ };

#ifndef UIO_MAXIOV
#define UIO_MAXIOV 1024 /* the kernel sends no more of sendmmsg(2) */
#endif

static char bytes[DATAGRAM_MOST];

static void say(const struct endpoint *target)
{
    char buffer[LOG_LINE_SIZE], authority[ENDPOINT_TEXT_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    endpoint_print(target, authority);
    text_add(&line, authority);
    text_add(&line, ": only TCP can be tunnelled");
    log_failure((uint64_t)target->port << 32 | authority[0], &line);
}

static bool is_udp(int fd)
{
    int protocol = socket_option(fd, SOL_SOCKET, SO_PROTOCOL);

    return protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE;
}

/* What an address means to a socket of UDP. */
enum meaning { IS_OTHER, IS_STAND_IN, IS_RESOLVER };

static enum meaning meaning_of(struct supervisor *s, int fd, const struct sockaddr *address, socklen_t size)
{
    struct endpoint target;

    if (!endpoint_from_sockaddr(&target, address, size))
        return IS_OTHER;
    if (names_ranges_have(config_stand_ins(s->config), &target)) {
        names_of_stand_in(s->names, &target);
        say(&target);
        return IS_STAND_IN;
    }
    return target.port == RESOLVER_PORT && is_udp(fd) ? IS_RESOLVER : IS_OTHER;
}

static union address copied(const struct sockaddr *address, socklen_t size)
{
    union address copy = { .any.sa_family = AF_UNSPEC };

    memcpy(&copy, address, size < sizeof copy ? size : sizeof copy);
    return copy;
}

int datagrams_connect(struct supervisor *s, int fd, const struct sockaddr *address, socklen_t size)
{
    enum meaning meaning = meaning_of(s, fd, address, size);
    struct known *known = sockets_find(&s->sockets, socket_cookie(fd));
    union address server = copied(address, size), stub;
    int error;

    if (meaning == IS_STAND_IN)
        return ENETUNREACH;
    if (known)
        known->server.any.sa_family = AF_UNSPEC;
    if (meaning == IS_OTHER)
        return socket_connect(fd, address, size);
    known = sockets_make(&s->sockets, socket_cookie(fd));
    if (!known || !stub_address(s, &server, &stub))
        return ENETUNREACH;
    error = socket_connect(fd, &stub, socket_address_size(&stub));
    if (error == 0) {
        known->server = server;
        stub_note(s, fd, &server);
    }
    return error;
}

/* --- sent --- */

/* What is now in `bytes`. */
static long ask_stub(struct supervisor *s, int fd, const union address *server, size_t size, int flags)
{
    struct known *known = sockets_make(&s->sockets, socket_cookie(fd));
    union address stub;
    ssize_t sent;

    if (!known || !stub_address(s, server, &stub))
        return -ENETUNREACH;
    sent =
        sendto(fd, bytes, size, flags | MSG_DONTWAIT | MSG_NOSIGNAL, &stub.any, socket_address_size(&stub));
    if (sent < 0)
        return -errno;
    known->server = *server;
    stub_note(s, fd, server);
    return sent;
}

/* Where a datagram goes, and what that means. */
struct way {
    enum meaning meaning;
    union address to;
    socklen_t size;
};

static struct way way_to(struct supervisor *s, pid_t thread, int fd, uint64_t address, int size)
{
    struct way way = { .meaning = IS_OTHER };
    struct sockaddr_storage there;

    if (!address || size <= 0 || size > (int)sizeof there ||
        !look_read(thread, address, &there, (size_t)size))
        return way;
    if (there.ss_family == AF_UNSPEC) /* of IPv4, to its sockets: endpoint.h */
        there.ss_family = (sa_family_t)socket_option(fd, SOL_SOCKET, SO_DOMAIN);
    way.meaning = meaning_of(s, fd, (struct sockaddr *)&there, (socklen_t)size);
    way.to = copied((struct sockaddr *)&there, (socklen_t)size);
    way.size = (socklen_t)size;
    return way;
}

static long ask_for(struct supervisor *s, const struct notice *notice, int fd, const struct way *way)
{
    size_t size = notice->arguments[2];

    if (way->meaning == IS_STAND_IN)
        return -ENETUNREACH;
    if (size > sizeof bytes)
        return -EMSGSIZE;
    if (!look_read(notice->thread, notice->arguments[1], bytes, size))
        return -EFAULT;
    return ask_stub(s, fd, &way->to, size, (int)notice->arguments[3]);
}

void datagrams_send(struct supervisor *s, const struct notice *notice, int fd)
{
    struct way way = { .meaning = IS_OTHER };

    if (socket_option(fd, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM)
        way = way_to(s, notice->thread, fd, notice->arguments[4], (int)notice->arguments[5]);
    if (!notify_waits(s->listener, notice->id))
        return;
    if (way.meaning == IS_OTHER)
        notify_pass(s->listener, notice->id);
    else
        notify_answer(s->listener, notice->id, ask_for(s, notice, fd, &way));
}

/* The pieces of a message, one behind the other in `bytes`. */
static long gather(pid_t thread, const struct msghdr *head)
{
    struct iovec pieces[PIECES_MOST];
    size_t size = 0;

    if (head->msg_iovlen > PIECES_MOST)
        return -EMSGSIZE;
    if (!look_read(thread, (uintptr_t)head->msg_iov, pieces, head->msg_iovlen * sizeof *pieces))
        return -EFAULT;
    for (size_t i = 0; i < (size_t)head->msg_iovlen; i++) {
        if (pieces[i].iov_len > sizeof bytes - size)
            return -EMSGSIZE;
        if (!look_read(thread, (uintptr_t)pieces[i].iov_base, bytes + size, pieces[i].iov_len))
            return -EFAULT;
        size += pieces[i].iov_len;
    }
    return (long)size;
}

static struct way way_of(struct supervisor *s, const struct notice *notice, int fd, const struct msghdr *head)
{
    return way_to(s, notice->thread, fd, (uintptr_t)head->msg_name, (int)head->msg_namelen);
}

/* Whether one of the messages is not the kernel's to send; the first is read already. */
static bool any_is_ours(struct supervisor *s, const struct notice *notice, int fd, const struct msghdr *first)
{
    uint64_t count = notice->call == SYS_sendmmsg ? notice->arguments[2] : 1;
    struct mmsghdr other;

    if (first->msg_name && way_of(s, notice, fd, first).meaning != IS_OTHER)
        return true;
    for (uint64_t i = 1; i < count && i < UIO_MAXIOV; i++) {
        if (!look_read(notice->thread, notice->arguments[1] + i * sizeof other, &other, sizeof other))
            return false;
        if (other.msg_hdr.msg_name && way_of(s, notice, fd, &other.msg_hdr).meaning != IS_OTHER)
            return true;
    }
    return false;
}

/* The result of sendmsg(). What belongs to another one of several messages is not looked at: the kernel, too, may
 * send fewer than it was given. */
static long send_first(struct supervisor *s, const struct notice *notice, int fd, const struct msghdr *head)
{
    struct way way = way_of(s, notice, fd, head);
    int flags = (int)notice->arguments[notice->call == SYS_sendmmsg ? 3 : 2];
    long size = gather(notice->thread, head);
    ssize_t sent;

    if (way.meaning == IS_STAND_IN || size < 0)
        return size < 0 ? size : -ENETUNREACH;
    if (way.meaning == IS_RESOLVER)
        return ask_stub(s, fd, &way.to, (size_t)size, flags);
    sent = sendto(fd, bytes, (size_t)size, flags | MSG_DONTWAIT | MSG_NOSIGNAL, way.size ? &way.to.any : NULL,
                  way.size);
    return sent < 0 ? -errno : sent;
}

void datagrams_send_message(struct supervisor *s, const struct notice *notice, int fd)
{
    struct mmsghdr first;
    bool several = notice->call == SYS_sendmmsg;
    unsigned length;
    long result;

    if (socket_option(fd, SOL_SOCKET, SO_TYPE) != SOCK_DGRAM || (several && notice->arguments[2] == 0) ||
        !look_read(notice->thread, notice->arguments[1], &first.msg_hdr, sizeof first.msg_hdr) ||
        !any_is_ours(s, notice, fd, &first.msg_hdr)) {
        notify_pass(s->listener, notice->id);
        return;
    }
    if (!notify_waits(s->listener, notice->id))
        return;
    result = send_first(s, notice, fd, &first.msg_hdr);
    length = (unsigned)result;
    if (several && result >= 0)
        result = look_write(notice->thread, notice->arguments[1] + offsetof(struct mmsghdr, msg_len), &length,
                            sizeof length)
                     ? 1
                     : -EFAULT;
    notify_answer(s->listener, notice->id, result);
}

/* --- received --- */

/* A call of recvfrom() or recvmsg(), in the terms of the latter. */
struct reception {
    struct work work;
    struct supervisor *s;
    struct notice notice;
    int fd;
    int flags;
    bool by_message;
    struct msghdr head; /* the program's, with addresses in its memory */
    struct iovec pieces[PIECES_MOST];
    struct deadline until;
    bool gone;
};

static bool read_call(struct reception *call)
{
    const uint64_t *arguments = call->notice.arguments;
    pid_t thread = call->notice.thread;

    call->by_message = call->notice.call == SYS_recvmsg;
    if (!call->by_message) {
        call->flags = (int)arguments[3];
        call->pieces[0] = (struct iovec){ (void *)(uintptr_t)arguments[1], arguments[2] };
        call->head.msg_iovlen = 1;
        call->head.msg_name = (void *)(uintptr_t)arguments[4];
        return true;
    }
    call->flags = (int)arguments[2];
    return look_read(thread, arguments[1], &call->head, sizeof call->head) &&
           call->head.msg_iovlen <= PIECES_MOST &&
           look_read(thread, (uintptr_t)call->head.msg_iov, call->pieces,
                     call->head.msg_iovlen * sizeof *call->pieces);
}

/* As much of the datagram as there is room for. */
static bool scatter(const struct reception *call, size_t size, size_t *written)
{
    *written = 0;
    for (size_t i = 0; i < (size_t)call->head.msg_iovlen && *written < size; i++) {
        size_t piece = call->pieces[i].iov_len < size - *written ? call->pieces[i].iov_len : size - *written;

        if (!look_write(call->notice.thread, (uintptr_t)call->pieces[i].iov_base, bytes + *written, piece))
            return false;
        *written += piece;
    }
    return true;
}

static int write_head(struct reception *call, const union address *from, socklen_t size, bool cut)
{
    uint64_t at = call->notice.arguments[1];
    struct msghdr head = call->head;
    unsigned room = head.msg_namelen;

    if (!call->by_message)
        return tell_address(&call->notice, from, size, (uintptr_t)head.msg_name, call->notice.arguments[5]);
    if (head.msg_name &&
        !look_write(call->notice.thread, (uintptr_t)head.msg_name, from, room < size ? room : size))
        return -EFAULT;
    head.msg_namelen = head.msg_name ? size : room;
    head.msg_controllen = 0;
    head.msg_flags = cut ? MSG_TRUNC : 0;
    return look_write(call->notice.thread, at, &head, sizeof head) ? 0 : -EFAULT;
}

/* The result; -EAGAIN: there is nothing to receive. What comes from the stub comes from the resolver. */
static long receive(struct reception *call)
{
    const struct known *known = sockets_find(&call->s->sockets, socket_cookie(call->fd));
    union address from = { .any.sa_family = AF_UNSPEC };
    socklen_t size = sizeof from;
    ssize_t got = recvfrom(call->fd, bytes, sizeof bytes, call->flags | MSG_DONTWAIT, &from.any, &size);
    size_t written;
    int error;

    if (got < 0)
        return -errno;
    if (known && known->server.any.sa_family && stub_is(call->s, &from))
        from = known->server;
    if (!scatter(call, (size_t)got, &written))
        return -EFAULT;
    error = write_head(call, &from, socket_address_size(&from), written < (size_t)got);
    if (error)
        return error;
    return call->flags & MSG_TRUNC ? got : (long)written;
}

static void run(struct work *work)
{
    struct reception *call = owner_of(work, struct reception, work);
    struct pollfd readable = { .fd = call->fd, .events = POLLIN };
    int left;

    do {
        call->gone = !notify_waits(call->s->listener, call->notice.id);
        left = deadline_left(call->until);
    } while (!call->gone && left != 0 &&
             poll(&readable, 1, left < 0 || left > LOOK_AFTER ? LOOK_AFTER : left) == 0);
}

static void done(struct work *work)
{
    struct reception *call = owner_of(work, struct reception, work);
    long result = call->gone ? -EINTR : receive(call);

    if (result == -EAGAIN && !deadline_passed(call->until) && work_start(&call->s->works, work) == 0)
        return;
    notify_answer(call->s->listener, call->notice.id, result);
    close(call->fd);
    free(call);
}

static struct deadline receive_deadline(int fd)
{
    struct timeval set = { 0 };
    socklen_t size = sizeof set;

    if (getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &set, &size) < 0 || (set.tv_sec == 0 && set.tv_usec == 0))
        return deadline_never();
    return deadline_in(set.tv_sec * 1000 + (set.tv_usec + 999) / 1000);
}

/* The reception is the callee's. */
static void receive_or_wait(struct reception *call, int fd)
{
    struct supervisor *s = call->s;
    long result = receive(call);

    if (result == -EAGAIN && socket_blocks(fd) && !(call->flags & MSG_DONTWAIT)) {
        call->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        call->until = receive_deadline(fd);
        if (call->fd >= 0 && work_start(&s->works, &call->work) == 0)
            return;
        if (call->fd >= 0)
            close(call->fd);
        result = -ENOBUFS;
    }
    notify_answer(s->listener, call->notice.id, result);
    free(call);
}

void datagrams_receive(struct supervisor *s, const struct notice *notice, int fd)
{
    const struct known *known = sockets_find(&s->sockets, socket_cookie(fd));
    struct reception *call = known && known->server.any.sa_family ? calloc(1, sizeof *call) : NULL;

    if (call) {
        call->work = (struct work){ .run = run, .done = done };
        call->s = s;
        call->notice = *notice;
        call->fd = fd;
    }
    if (!call || !read_call(call) || !notify_waits(s->listener, notice->id)) {
        free(call);
        notify_pass(s->listener, notice->id);
        return;
    }
    receive_or_wait(call, fd);
}
