#include "line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const unsigned char greeting[] = { 'H', 'I', '!', '\n' };

atomic_uint line_faults, line_connects, line_opened;
atomic_ullong line_compared;

void line_fault(const struct line *line, const char *what, int error)
{
    static const char *const states[] = { "idle", "connecting", "open", "broken" };
    char buffer[256];
    int size = snprintf(buffer, sizeof buffer, "FAULT: %s%s%s (port %u, %s, IPv%d, %s, sent %llu, received %llu)\n", what,
                        error ? ": " : "", error ? strerror(error) : "", line ? line->port : 0,
                        line ? states[line->state] : "", line && line->family == AF_INET6 ? 6 : 4,
                        line && line->blocking ? "blocking" : "not blocking", line ? (unsigned long long)line->sent : 0,
                        line ? (unsigned long long)line->received : 0);

    atomic_fetch_add(&line_faults, 1);
    if (write(2, buffer, (size_t)size) < 0)
        return;
}

void line_begin(struct line *line, unsigned port)
{
    static atomic_uint numbers;

    line->state = LINE_CONNECTING;
    line->number = atomic_fetch_add(&numbers, 1);
    line->port = port;
    line->unsure = false;
    line->sent = line->received = 0;
}

void line_open(struct line *line)
{
    if (line->state != LINE_CONNECTING)
        return;
    line->state = LINE_OPEN;
    atomic_fetch_add(&line_opened, 1);
    if (line->port > GOOD_PORTS)
        line_fault(line, "open, though the proxy says no", 0);
}

void line_end(struct line *line, enum line_state state)
{
    line->state = state;
}

static unsigned char byte_at(const struct line *line, uint64_t at)
{
    return (unsigned char)((line->number * 2654435761u + (uint32_t)at * 40503u) >> 13);
}

void line_fill(const struct line *line, unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(line, line->sent + i);
}

void line_check(struct line *line, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size && !line->unsure; i++) {
        uint64_t at = line->received + i;
        unsigned char due = at < sizeof greeting ? greeting[at] : byte_at(line, at - sizeof greeting);

        if (bytes[i] != due || at >= line->sent + sizeof greeting) {
            line_fault(line, "wrong byte", 0);
            line->unsure = true;
        }
    }
    line->received += size;
    atomic_fetch_add(&line_compared, size);
}

/* What failing proxies, time-outs, and what the program itself did make of a connection. */
static bool is_to_be_expected(int error)
{
    return error == ECONNREFUSED || error == ECONNRESET || error == ETIMEDOUT || error == EACCES || error == EHOSTUNREACH ||
           error == ECONNABORTED || error == EPIPE || error == ENOTCONN;
}

void line_failed(struct line *line, const char *call, int error)
{
    bool good = line->port <= GOOD_PORTS && !line->unsure && !line->shut;

    if (!is_to_be_expected(error) && !(line->shut && error == EINVAL))
        line_fault(line, call, error);
    else if (line->state == LINE_OPEN && good)
        line_fault(line, "an open connection broke by itself", error);
    else if (line->state == LINE_CONNECTING && good && error != ETIMEDOUT)
        line_fault(line, "a good target failed", error);
    line_end(line, LINE_BROKEN);
}

static void said_yes(struct line *line, unsigned port)
{
    if (line->state == LINE_IDLE && !line->blocking)
        line_fault(line, "connect() of a socket that does not block returned 0", 0);
    if (line->state == LINE_BROKEN)
        line->unsure = true; /* the one that broke, or a new one */
    else if (line->state == LINE_IDLE)
        line_begin(line, port);
    line_open(line);
}

void line_connected(struct line *line, unsigned port, int result, int error)
{
    atomic_fetch_add(&line_connects, 1);
    if (result == 0) {
        said_yes(line, port);
    } else if (error == EINPROGRESS) {
        if (line->blocking || line->state == LINE_OPEN)
            line_fault(line, "connect()", error);
        line_begin(line, port);
    } else if (error == EALREADY) {
        if (line->state != LINE_CONNECTING)
            line_fault(line, "connect()", error);
    } else if (error == EISCONN) {
        if (line->state == LINE_IDLE)
            line_fault(line, "connect()", error);
        line_open(line);
    } else if (error == EINTR) {
        if (line->state == LINE_IDLE)
            line_begin(line, port);
        line->unsure |= line->state == LINE_BROKEN; /* a new one, or not yet */
    } else {
        if (line->state == LINE_IDLE && line->blocking)
            line->port = port;
        line_failed(line, "connect()", error);
        line_end(line, LINE_IDLE);
    }
}

unsigned line_native_port;

/* Through a proxy, addresses that nobody can reach; natively, loopback, where nobody listens at the ports that fail. */
socklen_t line_address(int family, unsigned port, struct sockaddr_storage *out)
{
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    in_port_t at = htons((uint16_t)(line_native_port && port <= GOOD_PORTS ? line_native_port : port));

    memset(out, 0, sizeof *out);
    if (family == AF_INET6) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = at;
        inet_pton(AF_INET6, line_native_port ? "::1" : "2001:db8::7", &v6->sin6_addr);
        return sizeof *v6;
    }
    v4->sin_family = AF_INET;
    v4->sin_port = at;
    inet_pton(AF_INET, line_native_port ? "127.0.0.1" : "203.0.113.7", &v4->sin_addr);
    return sizeof *v4;
}

void line_check_peer(const struct line *line, int fd)
{
    struct sockaddr_storage peer, due;
    socklen_t size = sizeof peer, due_size = line_address(line->family, line->port, &due);

    memset(&peer, 0, sizeof peer);
    if (getpeername(fd, (struct sockaddr *)&peer, &size) < 0) {
        if (errno != ENOTCONN)
            line_fault(line, "getpeername()", errno);
    } else if (line->state == LINE_IDLE) {
        line_fault(line, "getpeername() of an unconnected socket", 0);
    } else if (!line->unsure && (size != due_size || memcmp(&peer, &due, size) != 0)) {
        char words[INET6_ADDRSTRLEN] = "", fault[INET6_ADDRSTRLEN + 80];
        const struct sockaddr_in *v4 = (struct sockaddr_in *)&peer; /* the port is at the same place in both */

        inet_ntop(peer.ss_family, peer.ss_family == AF_INET ? (void *)&v4->sin_addr : &((struct sockaddr_in6 *)&peer)->sin6_addr, words,
                  sizeof words);
        snprintf(fault, sizeof fault, "getpeername() tells another target: %s port %u", words, ntohs(v4->sin_port));
        line_fault(line, fault, 0);
    }
}

static void *echo(void *data)
{
    int fd = (int)(intptr_t)data;
    char bytes[4096];
    ssize_t got = send(fd, greeting, sizeof greeting, MSG_NOSIGNAL);

    while (got > 0 && (got = recv(fd, bytes, sizeof bytes, 0)) > 0)
        for (ssize_t at = 0, sent; at < got; at += sent)
            if ((sent = send(fd, bytes + at, (size_t)(got - at), MSG_NOSIGNAL)) < 0)
                goto end;
end:
    close(fd);
    return NULL;
}

int line_serve(void)
{
    struct sockaddr_in6 here = { .sin6_family = AF_INET6 };
    socklen_t size = sizeof here;
    int listener = socket(AF_INET6, SOCK_STREAM, 0), fd;
    pthread_attr_t small;
    pthread_t thread;

    if (bind(listener, (struct sockaddr *)&here, sizeof here) < 0 || listen(listener, 1000) < 0 ||
        getsockname(listener, (struct sockaddr *)&here, &size) < 0)
        return 1;
    printf("listening %d\n", ntohs(here.sin6_port));
    fflush(stdout);
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    while ((fd = accept(listener, NULL, NULL)) >= 0)
        if (pthread_create(&thread, &small, echo, (void *)(intptr_t)fd) != 0)
            close(fd);
    return 1;
}
