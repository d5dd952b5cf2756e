#include "bytes.h"
#include "gates.h"
#include "look.h"
#include "signals.h"
#include "steps.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* glibc declares the fortified forms only for programs that use them. */
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags, struct sockaddr *address,
                       socklen_t *address_size);

void exchange_on(int fd, const char *who)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    char bytes[16] = "";
    ssize_t sent = send(fd, "ping", 4, MSG_NOSIGNAL);

    if (sent < 0)
        say("  %s says: %s\n", who, result_name(sent));
    else if (poll(&ready, 1, LIMIT) <= 0)
        say("  %s hears nothing\n", who);
    else
        say("  %s hears: %s \"%s\"\n", who, result_name(recv(fd, bytes, sizeof bytes - 1, 0)), bytes);
}

static void do_exchange(struct story *story, const char *arguments)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;

    (void)arguments;
    if (getpeername(story->fd, (struct sockaddr *)&peer, &size) < 0)
        say("  no connection: %s\n", error_name(errno));
    else
        exchange_on(story->fd, "it");
}

static void do_send(struct story *story, const char *arguments)
{
    pipes = 0;
    say("  send \"%s\": %s", arguments, result_name(send(story->fd, arguments, strlen(arguments), 0)));
    say("%s\n", pipes ? ", SIGPIPE" : "");
}

static void do_receive(struct story *story, const char *arguments)
{
    char bytes[64] = "";
    ssize_t got = recv(story->fd, bytes, sizeof bytes - 1, strcmp(arguments, "peek") == 0 ? MSG_PEEK : 0);

    say("  receive%s%s: ", *arguments ? " " : "", arguments);
    say("%s%s%s\n", result_name(got), got > 0 ? " " : "", got > 0 ? bytes : "");
}

static ssize_t use_read(int fd, char *bytes, size_t size)
{
    return read(fd, bytes, size);
}

static ssize_t use_read_chk(int fd, char *bytes, size_t size)
{
    return __read_chk(fd, bytes, size, size);
}

static ssize_t use_readv(int fd, char *bytes, size_t size)
{
    return readv(fd, &(struct iovec){ bytes, size }, 1);
}

static ssize_t use_preadv2(int fd, char *bytes, size_t size)
{
    return preadv2(fd, &(struct iovec){ bytes, size }, 1, -1, 0);
}

static ssize_t use_recv(int fd, char *bytes, size_t size)
{
    return recv(fd, bytes, size, 0);
}

static ssize_t use_recv_chk(int fd, char *bytes, size_t size)
{
    return __recv_chk(fd, bytes, size, size, 0);
}

static ssize_t use_recvfrom(int fd, char *bytes, size_t size)
{
    return recvfrom(fd, bytes, size, 0, NULL, NULL);
}

static ssize_t use_recvfrom_chk(int fd, char *bytes, size_t size)
{
    return __recvfrom_chk(fd, bytes, size, size, 0, NULL, NULL);
}

static ssize_t use_recvmsg(int fd, char *bytes, size_t size)
{
    struct msghdr message = { .msg_iov = &(struct iovec){ bytes, size }, .msg_iovlen = 1 };

    return recvmsg(fd, &message, 0);
}

static ssize_t use_recvmmsg(int fd, char *bytes, size_t size)
{
    struct mmsghdr message = { .msg_hdr = { .msg_iov = &(struct iovec){ bytes, size }, .msg_iovlen = 1 } };
    int result = recvmmsg(fd, &message, 1, 0, NULL);

    return result < 0 ? result : (ssize_t)message.msg_len;
}

static ssize_t use_splice_from(int fd, char *bytes, size_t size)
{
    int ends[2];
    ssize_t result;

    if (pipe2(ends, O_CLOEXEC) < 0)
        fail("pipe");
    result = splice(fd, NULL, ends[1], NULL, size, 0);
    if (result > 0 && read(ends[0], bytes, size) != result)
        fail("read");
    return result;
}

static ssize_t use_write(int fd, char *bytes, size_t size)
{
    return write(fd, bytes, size);
}

static ssize_t use_writev(int fd, char *bytes, size_t size)
{
    return writev(fd, &(struct iovec){ bytes, size }, 1);
}

static ssize_t use_pwritev2(int fd, char *bytes, size_t size)
{
    return pwritev2(fd, &(struct iovec){ bytes, size }, 1, -1, 0);
}

static ssize_t use_send(int fd, char *bytes, size_t size)
{
    return send(fd, bytes, size, 0);
}

static ssize_t use_sendto(int fd, char *bytes, size_t size)
{
    return sendto(fd, bytes, size, 0, NULL, 0);
}

static ssize_t use_sendmsg(int fd, char *bytes, size_t size)
{
    struct msghdr message = { .msg_iov = &(struct iovec){ bytes, size }, .msg_iovlen = 1 };

    return sendmsg(fd, &message, 0);
}

static ssize_t use_sendmmsg(int fd, char *bytes, size_t size)
{
    struct mmsghdr message = { .msg_hdr = { .msg_iov = &(struct iovec){ bytes, size }, .msg_iovlen = 1 } };
    int result = sendmmsg(fd, &message, 1, 0);

    return result < 0 ? result : (ssize_t)message.msg_len;
}

static ssize_t use_sendfile(int fd, char *bytes, size_t size)
{
    int file = memfd_create("data", MFD_CLOEXEC);
    off_t start = 0;

    if (pwrite(file, bytes, size, 0) != (ssize_t)size)
        fail("pwrite");
    return sendfile(fd, file, &start, size);
}

static ssize_t use_splice_to(int fd, char *bytes, size_t size)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0 || write(ends[1], bytes, size) != (ssize_t)size)
        fail("pipe");
    return splice(ends[0], NULL, fd, NULL, size, 0);
}

static ssize_t use_stream(int fd, char *bytes, size_t size)
{
    static FILE *stream;

    if (!stream && !(stream = fdopen(fd, "r+")))
        return -1;
    errno = 0;
    clearerr(stream);
    if (fwrite(bytes, 1, size, stream) != size || fflush(stream) != 0)
        return -1;
    return (ssize_t)size;
}

const struct use reading[] = {
    { "read", use_read },
    { "__read_chk", use_read_chk },
    { "readv", use_readv },
    { "preadv2", use_preadv2 },
    { "recv", use_recv },
    { "__recv_chk", use_recv_chk },
    { "recvfrom", use_recvfrom },
    { "__recvfrom_chk", use_recvfrom_chk },
    { "recvmsg", use_recvmsg },
    { "recvmmsg", use_recvmmsg },
    { "splice-from", use_splice_from },
    { 0 },
};
const struct use writing[] = {
    { "write", use_write },       { "writev", use_writev },     { "pwritev2", use_pwritev2 },
    { "send", use_send },         { "sendto", use_sendto },     { "sendmsg", use_sendmsg },
    { "sendmmsg", use_sendmmsg }, { "sendfile", use_sendfile }, { "splice-to", use_splice_to },
    { "stream", use_stream },
    { 0 },
};

static const struct use *use_named(const char *name)
{
    for (const struct use *use = reading; use->name; use++)
        if (strcmp(use->name, name) == 0)
            return use;
    for (const struct use *use = writing; use->name; use++)
        if (strcmp(use->name, name) == 0)
            return use;
    fprintf(stderr, "readiness: no call '%s'\n", name);
    exit(2);
}

static void do_use(struct story *story, const char *arguments)
{
    const struct use *use = use_named(arguments);
    char bytes[5] = "data";
    struct moment started = moment();
    ssize_t result;
    int error;

    pipes = 0;
    post_wish();
    result = use->call(story->fd, bytes, 4);
    error = errno;
    say("  %s: %s%s", use->name, result_name(result), pipes ? ", SIGPIPE" : "");
    say(", %s\n", how(story, &started, result < 0 && error == EAGAIN));
}

/* As often as it takes until the target has sent it all back. */
static void do_echo(struct story *story, const char *arguments)
{
    struct pollfd ready = { .fd = story->fd, .events = POLLIN };
    char bytes[64] = "";
    size_t got = 0, wanted = strlen(arguments);
    ssize_t more = 1;

    while (got < wanted && more > 0 && poll(&ready, 1, LIMIT) > 0) {
        more = recv(story->fd, bytes + got, wanted - got, MSG_DONTWAIT);
        got += more > 0 ? (size_t)more : 0;
    }
    say("  echo: \"%s\"\n", bytes);
}

const struct verb byte_verbs[] = {
    { "exchange", do_exchange },
    { "send", do_send },
    { "receive", do_receive },
    { "use", do_use },
    { "echo", do_echo },
    { 0 },
};
