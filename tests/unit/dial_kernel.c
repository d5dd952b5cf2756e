/* The dial with the kernel, and a proxy in the test itself. */
#include "support/rows.h"
#include "support/configs.h"
#include "support/fake_clock.h"
#include "support/story.h"

#include <ptunnel/dial.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct candidate candidates[ROUTE_CANDIDATES_MOST];

static int make_listener(int family, struct sockaddr_storage *address)
{
    struct endpoint loopback = { .literal = true };
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size;

    assert_null(
        endpoint_set_host(&loopback, family == AF_INET ? "127.0.0.1" : "::1", family == AF_INET ? 9 : 3));
    size = endpoint_to_sockaddr(&loopback, family, address);
    assert_int_equal(bind(fd, (struct sockaddr *)address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &size), 0);
    return fd;
}

static struct endpoint endpoint_of(const struct sockaddr_storage *address)
{
    struct endpoint endpoint;

    assert_true(endpoint_from_sockaddr(&endpoint, (const struct sockaddr *)address, sizeof *address));
    return endpoint;
}

static void await(int fd, short events)
{
    struct pollfd ready = { .fd = fd, .events = events };

    assert_int_equal(poll(&ready, 1, 5000), 1);
}

static enum dial_want step_until(struct dial *dial, enum dial_want wanted)
{
    enum dial_want want = dial_step(dial);

    while (want != wanted && want <= DIAL_WANT_READ) {
        await(dial->fd, want == DIAL_WANT_READ ? POLLIN : POLLOUT);
        want = dial_step(dial);
    }
    return want;
}

static void read_request(int fd, const char *wanted)
{
    char request[HANDSHAKE_REQUEST_SIZE];
    size_t size = 0;

    while (size < strlen(wanted)) {
        ssize_t got;

        await(fd, POLLIN);
        got = recv(fd, request + size, sizeof request - size, 0);
        assert_true(got > 0);
        size += (size_t)got;
    }
    assert_int_equal(size, strlen(wanted));
    assert_memory_equal(request, wanted, size);
}

static const struct net kernel_net = {
    .connect = connect,
    .send = send,
    .recv = recv,
    .getsockopt = getsockopt,
    .setsockopt = setsockopt,
    .getaddrinfo = getaddrinfo,
    .freeaddrinfo = freeaddrinfo,
};

/* The socket's family; the family of a proxy that refuses, 0 for none; and that of the one that answers. */
static const struct kernel_row {
    const char *name;
    int family, refuses, answers;
    bool blocking, v6only;
} kernel_rows[] = {
    { "IPv4", AF_INET, 0, AF_INET, false, false },
    { "IPv6", AF_INET6, 0, AF_INET6, false, false },
    { "an IPv6 socket, an IPv4 proxy", AF_INET6, 0, AF_INET, false, false },
    { "a V6ONLY socket, an IPv4 proxy", AF_INET6, 0, AF_INET, false, true },
    { "one refuses", AF_INET, AF_INET, AF_INET, false, false },
    { "one refuses, blocking", AF_INET, AF_INET, AF_INET, true, false },
    { "an IPv6 socket after a mapped refusal", AF_INET6, AF_INET, AF_INET6, false, false },
    { "an IPv6 socket after a mapped refusal, blocking", AF_INET6, AF_INET, AF_INET6, true, false },
    { "a V6ONLY socket after a mapped refusal", AF_INET6, AF_INET, AF_INET6, false, true },
    { "an IPv6 socket, then a mapped one", AF_INET6, AF_INET6, AF_INET, false, false },
};

static int make_client(const struct kernel_row *row)
{
    int fd = socket(row->family, SOCK_STREAM | SOCK_CLOEXEC | (row->blocking ? 0 : SOCK_NONBLOCK), 0), on = 1;
    struct timeval bound = { .tv_sec = 5 }; /* a SYN that is never sent must not hold up the tests */

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound), 0);
    if (row->v6only)
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on), 0);
    return fd;
}

static void a_tunnel_through_the_kernel(void **state)
{
    const struct kernel_row *row = *state;
    struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    struct sockaddr_storage refuses = { 0 }, answers = { 0 };
    int refuser = row->refuses ? make_listener(row->refuses, &refuses) : -1; /* bound, and never listening */
    int listener = make_listener(row->answers, &answers), client = make_client(row), proxy;
    struct endpoint target = target_of("t.test:22");
    struct route route = { .candidates = candidates };
    struct dial dial;
    char tail[8] = "";

    clock_run();
    memset(candidates, 0, sizeof candidates);
    if (row->refuses)
        candidates[route.count++].proxy.at = endpoint_of(&refuses);
    candidates[route.count++].proxy.at = endpoint_of(&answers);
    assert_int_equal(listen(listener, 1), 0);
    dial_start(&dial, &kernel_net, client, row->family, &target, &route, &limits);
    assert_int_equal(step_until(&dial, DIAL_WANT_READ), DIAL_WANT_READ);
    await(listener, POLLIN);
    proxy = accept(listener, NULL, NULL);
    read_request(proxy, REQUEST);
    assert_int_equal(send(proxy, OK "tail", OK_SIZE + 4, 0), OK_SIZE + 4);
    assert_int_equal(step_until(&dial, DIAL_OPEN), DIAL_OPEN);
    await(client, POLLIN);
    assert_int_equal(recv(client, tail, sizeof tail, MSG_DONTWAIT), 4);
    assert_string_equal(tail, "tail");
    assert_int_equal(close(proxy) | close(client) | close(listener), 0);
    if (refuser >= 0)
        close(refuser);
}

/* How the proxy ends it: nothing is sent, a part of a head is, and then the end or a reset. */
static const struct end_row {
    const char *name, *sent;
    bool reset;
} ends[] = {
    { "closed", "", false },
    { "reset", "", true },
    { "closed inside the head", "HTTP/1.1 20", false },
};

static void the_proxy_goes_away(void **state)
{
    const struct end_row *row = *state;
    struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT };
    struct linger now = { .l_onoff = 1 };
    struct sockaddr_storage address = { 0 };
    int listener = make_listener(AF_INET, &address), proxy;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct endpoint target = target_of("t.test:22");
    struct route route = { .candidates = candidates, .count = 1 };
    struct dial dial;

    clock_run();
    memset(candidates, 0, sizeof candidates);
    candidates[0].proxy.at = endpoint_of(&address);
    assert_int_equal(listen(listener, 1), 0);
    dial_start(&dial, &kernel_net, client, AF_INET, &target, &route, &limits);
    assert_int_equal(step_until(&dial, DIAL_WANT_READ), DIAL_WANT_READ);
    await(listener, POLLIN);
    proxy = accept(listener, NULL, NULL);
    read_request(proxy, REQUEST);
    assert_int_equal(send(proxy, row->sent, strlen(row->sent), 0), strlen(row->sent));
    if (row->reset)
        setsockopt(proxy, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(proxy);
    assert_int_equal(step_until(&dial, DIAL_FAILED), DIAL_FAILED);
    assert_int_equal(dial.error, ECONNRESET);
    assert_false(dial.must_disconnect);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(struct sockaddr_in)), -1);
    assert_int_equal(errno, EINPROGRESS); /* it is unconnected again */
    close(client);
    close(listener);
}

static void an_unconnectable_socket_is_left_alone(void **state)
{
    struct dial_limits limits = { .timeout = TIMEOUT, .attempt = ATTEMPT, .fallback_direct = true };
    struct sockaddr_storage address = { 0 }, peer = { 0 };
    socklen_t size = sizeof(struct sockaddr_in);
    int listener = make_listener(AF_INET, &address), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct endpoint target = target_of("192.0.2.9:22");
    struct route route = story_route(A " " B);
    struct dial dial;

    (void)state;
    clock_run();
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
    dial_start(&dial, &kernel_net, client, AF_INET, &target, &route, &limits);
    assert_int_equal(dial_step(&dial), DIAL_FAILED);
    assert_int_equal(dial.error, EISCONN);
    assert_int_equal(getpeername(client, (struct sockaddr *)&peer, &size), 0);
    assert_memory_equal(&peer, &address, sizeof(struct sockaddr_in));
    close(client);
    close(listener);
}

int main(void)
{
    ROWS(kernel_rows, a_tunnel_through_the_kernel);
    ROWS(ends, the_proxy_goes_away);
    STORY(an_unconnectable_socket_is_left_alone);
    return rows_run("dial_kernel");
}
