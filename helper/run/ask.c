#include "ask.h"
#include "seen.h"

#include <ptunnel/deadline.h>
#include <ptunnel/handshake.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Milliseconds for a question. A page may be made by a busy proxy: its silence would be taken for no HTTP at all. */
enum { PATIENCE = 2000, PAGE_PATIENCE = 5000 };

static bool wait_for(int fd, short events, struct deadline end)
{
    struct pollfd ready = { .fd = fd, .events = events };

    return poll(&ready, 1, deadline_left(end)) == 1;
}

/* Says it on a connection of its own; -1, or the socket, on which an answer or its end has come. */
static int say(const struct endpoint *at, const void *bytes, size_t size, int patience)
{
    int family = endpoint_is_v4(at) ? AF_INET : AF_INET6;
    struct deadline end = deadline_in(patience);
    struct sockaddr_storage address;
    socklen_t address_size = endpoint_to_sockaddr(at, family, &address);
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if ((connect(fd, (struct sockaddr *)&address, address_size) == 0 || errno == EINPROGRESS) &&
        wait_for(fd, POLLOUT, end) && seen_net.send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size &&
        wait_for(fd, POLLIN, end))
        return fd;
    close(fd);
    return -1;
}

bool ask_tls(const struct endpoint *at)
{
    /* RFC 5246 7.4.1.2, TLS 1.2: 5 cipher suites, no compression; 2 groups and 4 signature algorithms,
     * without which some servers close and say nothing */
    /* clang-format off */
    static const unsigned char hello[5 + 4 + 75] = {
        22, 3, 1, 0, 79, 1, 0, 0, 75, 3, 3, /* 32 bytes, random but for us */
        [11 + 32] = 0, 0, 10, 0xc0, 0x2f, 0xc0, 0x2b, 0xc0, 0x30, 0xc0, 0x2c, 0, 0x2f, 1, 0,
        0, 24, 0, 10, 0, 6, 0, 4, 0, 29, 0, 23, 0, 13, 0, 10, 0, 8, 4, 3, 8, 4, 4, 1, 5, 1,
    };
    /* clang-format on */
    unsigned char answer[3] = { 0 };
    int fd = say(at, hello, sizeof hello, PATIENCE);
    bool tls = fd >= 0 && recv(fd, answer, sizeof answer, 0) == sizeof answer &&
               (answer[0] == 21 || answer[0] == 22) && answer[1] == 3;

    if (fd >= 0)
        close(fd);
    return tls;
}

static int ask(const struct endpoint *at, const char *request, size_t size, int patience)
{
    int fd = say(at, request, size, patience);
    struct reply reply = { 0 };
    char line[256 + 1];
    ssize_t got;

    if (fd < 0)
        return ASK_SILENT;
    got = seen_net.recv(fd, line, sizeof line - 1, 0);
    line[got > 0 ? got : 0] = '\0';
    reply_status_line(&reply, line, strcspn(line, "\r\n"));
    seen_rest(fd);
    close(fd);
    return reply.status;
}

int ask_tunnel(const struct endpoint *at, const struct proxy *proxy)
{
    char request[HANDSHAKE_REQUEST_SIZE];
    size_t size = handshake_request(request, "127.0.0.1:1", proxy);
    int status = ask(at, request, size, PATIENCE);

    explicit_bzero(request, sizeof request);
    return status;
}

int ask_page(const struct endpoint *at)
{
    static const char front[] = "GET / HTTP/1.1\r\nHost: ", back[] = "\r\nConnection: close\r\n\r\n";
    char request[ENDPOINT_TEXT_SIZE + sizeof front + sizeof back], authority[ENDPOINT_TEXT_SIZE];
    struct text text = text_in(request, sizeof request);

    endpoint_print(at, authority);
    text_print(&text, "%s%s%s", front, authority, back);
    return ask(at, request, text_size(&text), PAGE_PATIENCE);
}
