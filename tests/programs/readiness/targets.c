#include "targets.h"
#include "gates.h"
#include "look.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const struct sockaddr *address, socklen_t size, int backlog)
{
    int one = 1, fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (address->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, address, size) < 0 || (backlog >= 0 && listen(fd, backlog) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        fail("getsockname");
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

/* One connection that nobody accepts: the backlog of 0 is then full, and the kernel drops further SYNs. */
static int fill_backlog(int listener)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int fd;

    if (getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        fail("getsockname");
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, size) < 0)
        fail("fill_backlog");
    return fd;
}

static void reset(int fd)
{
    struct linger hard = { .l_onoff = 1 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
}

/* False: the connection is over. */
static bool echo(int fd)
{
    char bytes[4096];
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);

    if (got >= 3 && memcmp(bytes, "rst", 3) == 0) {
        reset(fd);
        return false;
    }
    if (got <= 0 || memcmp(bytes, "bye", 3) == 0 || send(fd, bytes, (size_t)got, MSG_NOSIGNAL) < 0) {
        close(fd);
        return false;
    }
    return true;
}

enum { SERVED_MOST = 4096 };
struct server {
    struct pollfd at[SERVED_MOST]; /* of a gate that is shut, or that refuses, ~fd: poll() passes it over */
    char role[SERVED_MOST];        /* e: echo, g: greet, r: reset, c: where rows come to ask, k: a row; of
                                      connections 0 */
    int row[SERVED_MOST];          /* of gates: whose they are; 0: of none */
    int filler[SERVED_MOST];       /* of gates that are shut; 0: of none */
    int count;
};

static void server_add(struct server *server, int fd, char role)
{
    server->at[server->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
    server->role[server->count] = role;
    server->row[server->count] = server->filler[server->count] = 0;
    server->count++;
}

static void server_remove(struct server *server, int i)
{
    int last = --server->count;

    server->at[i] = server->at[last];
    server->role[i] = server->role[last];
    server->row[i] = server->row[last];
    server->filler[i] = server->filler[last];
}

static void serve_new(struct server *server, int listener, char role)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (role == 'r' || server->count == SERVED_MOST) {
        reset(fd);
        return;
    }
    if (role == 'g')
        (void)!send(fd, "hi", 2, MSG_NOSIGNAL); /* it may have left again */
    server_add(server, fd, role == 'c' ? 'k' : 0);
}

/* The next port of its range: not soon one that a former row had, at which a SYN may still be on its way. */
static int make_gate(struct server *server, int row, const struct request *request)
{
    static int used[GATES];
    const struct gate *gate = &gates[(int)request->gate];

    for (int tries = 0; tries < GATE_PORTS && server->count < SERVED_MOST; tries++) {
        int port = gate->base + used[(int)request->gate]++ % GATE_PORTS, listener;
        struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

        four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        six.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
        listener = request->six ? listen_at((struct sockaddr *)&six, sizeof six, 0)
                                : listen_at((struct sockaddr *)&four, sizeof four, 0);
        if (listener < 0)
            continue;
        server_add(server, ~listener, gate->role);
        server->row[server->count - 1] = row;
        server->filler[server->count - 1] = fill_backlog(listener);
        return port;
    }
    fail("make_gate");
}

/* There is room, or nobody any more. The port stays taken: it belongs to the row. */
static void open_gate(struct server *server, int i)
{
    int listener = ~server->at[i].fd;

    if (server->role[i] == 'x') {
        shutdown(listener, SHUT_RD);
    } else {
        close(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
        server->at[i].fd = listener;
    }
    close(server->filler[i]);
    server->filler[i] = 0;
}

/* False: the row is gone. */
static bool answer_row(struct server *server, int row)
{
    struct request request;
    int answer = 0;

    if (recv(row, &request, sizeof request, MSG_WAITALL) != (ssize_t)sizeof request)
        return false;
    if (request.verb == 'm')
        answer = make_gate(server, row, &request);
    for (int i = 0; i < server->count && request.verb == 'o'; i++)
        if (server->row[i] == row && server->filler[i])
            open_gate(server, i);
    return send(row, &answer, sizeof answer, MSG_NOSIGNAL) == (ssize_t)sizeof answer;
}

static void forget_row(struct server *server, int row)
{
    for (int i = server->count - 1; i >= 0; i--) {
        if (server->row[i] == row) {
            int fd = server->at[i].fd;

            close(fd < 0 ? ~fd : fd);
            if (server->filler[i])
                close(server->filler[i]);
            server_remove(server, i);
        } else if (server->role[i] == 'k' && server->at[i].fd == row) {
            server_remove(server, i);
        }
    }
    close(row);
}

static _Noreturn void serve(struct server *server)
{
    for (;;) {
        int gone = 0; /* a row: its gates are anywhere in the list, so that is for later */

        if (poll(server->at, (nfds_t)server->count, -1) < 0)
            fail("poll");
        for (int i = server->count - 1; i >= 0 && !gone; i--) {
            int fd = server->at[i].fd;
            char role = server->role[i];

            if (fd < 0 || !server->at[i].revents)
                continue;
            if (role == 'k' && !answer_row(server, fd))
                gone = fd;
            else if (role && role != 'k')
                serve_new(server, fd, role);
            else if (!role && !echo(fd))
                server_remove(server, i);
        }
        if (gone)
            forget_row(server, gone);
    }
}

/* The same port on 127.0.0.1 and ::1 (where there is one). */
static int listen_both(struct server *server, const char *name, char role, int backlog)
{
    for (int tries = 0; tries < 100; tries++) {
        struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        int fds[2];

        fds[0] = listen_at((struct sockaddr *)&four, sizeof four, backlog);
        six.sin6_port = htons((uint16_t)port_of(fds[0]));
        fds[1] = listen_at((struct sockaddr *)&six, sizeof six, backlog);
        if (fds[1] < 0 && errno == EADDRINUSE) {
            close(fds[0]);
            continue;
        }
        for (int i = 0; i < 2 && fds[i] >= 0; i++) {
            if (backlog == 0)
                fill_backlog(fds[i]);
            if (role)
                server_add(server, fds[i], role);
        }
        printf("%s=%d,", name, port_of(fds[0]));
        return port_of(fds[0]);
    }
    fail("listen");
}

_Noreturn void serve_all(void)
{
    static struct server server;
    static const struct {
        const char *name;
        char role;
        int backlog;
    } targets[] = { { "accept", 'e', 1024 },
                    { "greet", 'g', 1024 },
                    { "reset", 'r', 1024 },
                    { "never", 0, 0 },
                    { "refuse", 0, -1 } };
    struct sockaddr_un address;
    socklen_t size = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        int port = listen_both(&server, targets[i].name, targets[i].role, targets[i].backlog);

        if (i == 0)
            size = control_address(port, &address);
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 1024) < 0)
        fail("bind");
    server_add(&server, fd, 'c');
    puts("");
    fflush(stdout);
    serve(&server);
}
