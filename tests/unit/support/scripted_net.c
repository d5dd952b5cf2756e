#include "scripted_net.h"
#include "rows.h"

#include <ptunnel/leg.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const struct line *start, *due;
static const struct line *peeked;

void script_start(const struct line *script)
{
    start = due = script;
    peeked = NULL;
}

const struct line *script_next(void)
{
    return due;
}

void script_done_with(const struct line *line)
{
    assert_ptr_equal(line, due);
    due++;
}

static const struct line *foreseen(enum line_kind kind, const char *call)
{
    static const char *const names[] = {
        [LINE_END] = "the end",
        [LINE_CONNECT] = "connect",
        [LINE_SEND] = "send",
        [LINE_PEEK] = "peek",
        [LINE_TAKE] = "take",
        [LINE_READ] = "read",
        [LINE_LOOK_UP] = "a look-up",
        [LINE_V6ONLY] = "getsockopt",
        [LINE_SET_V6ONLY] = "setsockopt",
        [LINE_REPLACE] = "that the socket is replaced",
        [LINE_POLL] = "poll",
        [LINE_ERROR] = "SO_ERROR",
        [LINE_DROP] = "drop",
        [LINE_ASK] = "that somebody is asked",
        [LINE_TOLD] = "that somebody is told",
        [LINE_STEP] = "that the step ends",
        [LINE_PASS] = "that time passes",
    };

    if (due->kind != kind)
        fail_msg("line %d: the core calls %s, the script says %s", (int)(due - start), call,
                 names[due->kind]);
    return due++;
}

static int result(int error)
{
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

static void print_address(char *out, size_t room, const struct sockaddr *address, socklen_t size)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    char host[INET6_ADDRSTRLEN];

    if (address->sa_family == AF_UNSPEC) {
        snprintf(out, room, "unspec");
    } else if (address->sa_family == AF_INET) {
        assert_int_equal(size, sizeof *v4);
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(out, room, "%s:%u", host, ntohs(v4->sin_port));
    } else {
        if (size == sizeof *v4) { /* of the wrong family, and as short as that */
            snprintf(out, room, "wrong");
            return;
        }
        assert_int_equal(size, sizeof *v6);
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(out, room, "[%s]:%u", host, ntohs(v6->sin6_port));
    }
}

static int scripted_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    char words[80], call[100];
    const struct line *line;

    print_address(words, sizeof words, address, size);
    snprintf(call, sizeof call, "connect %s", words);
    line = foreseen(LINE_CONNECT, call);
    assert_int_equal(fd, SCRIPTED_FD);
    assert_string_equal(words, line->words);
    return result(line->error);
}

static ssize_t scripted_send(int fd, const void *bytes, size_t size, int flags)
{
    const struct line *line = foreseen(LINE_SEND, "send");

    assert_int_equal(fd, SCRIPTED_FD);
    assert_int_equal(flags, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (line->words) {
        assert_int_equal(size, strlen(line->words));
        assert_memory_equal(bytes, line->words, size);
    }
    if (line->error)
        return result(line->error);
    return line->number == SENT_ALL ? (ssize_t)size : line->number;
}

static ssize_t show(const struct line *line, void *buffer, size_t size)
{
    if ((size_t)line->number < size)
        size = (size_t)line->number;
    if (size)
        memcpy(buffer, line->words, size);
    return (ssize_t)size;
}

static const struct line *foreseen_recv(int flags)
{
    if (flags & MSG_PEEK)
        return foreseen(LINE_PEEK, "peek");
    return due->kind == LINE_READ ? foreseen(LINE_READ, "read") : foreseen(LINE_TAKE, "take");
}

static ssize_t scripted_drop(const void *buffer, size_t size, int flags)
{
    const struct line *line = foreseen(LINE_DROP, "drop");

    assert_null(buffer);
    assert_int_equal(flags, MSG_TRUNC | MSG_DONTWAIT);
    assert_int_equal(size, line->number);
    return line->error > 0 ? result(line->error) : -line->error;
}

static ssize_t scripted_recv(int fd, void *buffer, size_t size, int flags)
{
    const struct line *line;

    if (flags & MSG_TRUNC)
        return scripted_drop(buffer, size, flags);
    line = foreseen_recv(flags);

    assert_int_equal(fd, SCRIPTED_FD);
    assert_int_equal(flags & ~MSG_PEEK, MSG_DONTWAIT);
    if (line->error)
        return result(line->error);
    if (line->kind == LINE_PEEK)
        peeked = line;
    if (line->kind != LINE_TAKE)
        return show(line, buffer, size);
    assert_int_equal(size, line->number);
    assert_true(peeked && line->number <= peeked->number);
    memcpy(buffer, peeked->words, size);
    return (ssize_t)size;
}

static int scripted_poll(struct pollfd *fds, nfds_t count, int milliseconds)
{
    const struct line *line = foreseen(LINE_POLL, "poll");

    assert_true(count == 1 && fds->fd == SCRIPTED_FD && milliseconds == 0);
    assert_int_equal(fds->events, POLLIN | POLLOUT);
    fds->revents = (short)line->number;
    return line->number != 0;
}

int scripted_authenticate(struct dial *dial, struct leg *leg)
{
    const struct line *line = foreseen(leg ? LINE_ASK : LINE_TOLD, leg ? "ask" : "tell");
    struct text words = text_in(dial->legs.words, sizeof dial->legs.words);

    if (!leg)
        return 0;
    assert_int_equal(leg->size, strlen(line->words));
    assert_memory_equal(leg_text(leg), line->words, leg->size);
    if (line->number)
        return (int)line->number;
    if (line->error) {
        text_add(&words, "somebody gave up");
        return -line->error;
    }
    leg->size = strlen(line->answer);
    memcpy(leg_text(leg), line->answer, leg->size);
    return 0;
}

static int scripted_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    bool error = level == SOL_SOCKET && name == SO_ERROR;
    const struct line *line = foreseen(error ? LINE_ERROR : LINE_V6ONLY, "getsockopt");
    int number = error ? line->error : (int)line->number;

    assert_int_equal(fd, SCRIPTED_FD);
    if (error) {
        memcpy(value, &number, sizeof number);
        return 0;
    }
    assert_true(level == IPPROTO_IPV6 && name == IPV6_V6ONLY && *size == sizeof number);
    memcpy(value, &number, sizeof number);
    return result(line->error);
}

static int scripted_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    const struct line *line = foreseen(LINE_SET_V6ONLY, "setsockopt");
    int number;

    assert_int_equal(fd, SCRIPTED_FD);
    assert_true(level == IPPROTO_IPV6 && name == IPV6_V6ONLY && size == sizeof number);
    memcpy(&number, value, sizeof number);
    assert_int_equal(number, line->number);
    return result(line->error);
}

int scripted_replace(struct dial *dial, enum dial_socket kind)
{
    const struct line *line = foreseen(LINE_REPLACE, kind == DIAL_REACH_BOTH ? "replace" : "put back");

    if (line->error)
        return -line->error;
    assert_int_equal(dial->replaced, kind == DIAL_LIKE_FIRST);
    dial->family = (int)line->number;
    return 0;
}

/* The list is libc's own, node by node, since libc's freeaddrinfo() is in the table, too. */
static int scripted_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                                struct addrinfo **out)
{
    const struct line *line = foreseen(LINE_LOOK_UP, "a look-up");
    struct addrinfo numeric = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
    char addresses[512], *rest = addresses;

    assert_string_equal(node, line->words);
    assert_null(service);
    assert_int_equal(hints->ai_socktype, SOCK_STREAM);
    if (line->error)
        return line->error;
    snprintf(addresses, sizeof addresses, "%s", line->answer);
    for (char *word = strtok_r(rest, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        assert_int_equal(getaddrinfo(word, NULL, &numeric, out), 0);
        out = &(*out)->ai_next;
    }
    return 0;
}

const struct net scripted_net = {
    .connect = scripted_connect,
    .send = scripted_send,
    .recv = scripted_recv,
    .poll = scripted_poll,
    .getsockopt = scripted_getsockopt,
    .setsockopt = scripted_setsockopt,
    .getaddrinfo = scripted_getaddrinfo,
    .freeaddrinfo = freeaddrinfo,
};
