#include "stub.h"
#include "space.h"
#include "supervisor.h"

#include <ptunnel/dns.h>
#include <ptunnel/log.h>
#include <ptunnel/name_way.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS = 60 }; /* how long an answer may be kept: a stand-in means the name for a day */

static char message[DNS_MESSAGE_MOST];

/* --- handed on --- */

static void forward_end(struct forward *forward)
{
    close(forward->fd);
    forward->fd = -1;
}

static void forward_ready(struct watch *watch, uint32_t events)
{
    struct forward *forward = owner_of(watch, struct forward, watch);
    ssize_t size = forward->fd < 0 ? -1 : recv(forward->fd, message, sizeof message, MSG_DONTWAIT);

    (void)events;
    if (size > 0)
        sendto(forward->stub, message, (size_t)size, MSG_DONTWAIT, &forward->client.any,
               socket_address_size(&forward->client));
    if (forward->fd >= 0 && !(size < 0 && errno == EAGAIN))
        forward_end(forward);
}

/* One that is not used, or the one that has waited longest: its asker will have asked again. */
static struct forward *forward_take(struct stub *stub)
{
    struct forward *oldest = &stub->forwards[0];

    for (int i = 0; i < STUB_FORWARDS; i++) {
        struct forward *at = &stub->forwards[i];

        if (at->fd < 0)
            return at;
        if (at->since < oldest->since)
            oldest = at;
    }
    forward_end(oldest);
    return oldest;
}

static bool hand_on(struct supervisor *s, int stub, const union address *client, size_t size)
{
    const union address *server = &s->stub.servers[s->stub.server_of[ntohs(client->v4.sin_port)]];
    struct forward *forward;
    int fd;

    if (!server->any.sa_family)
        return false;
    fd = socket(server->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    forward = forward_take(&s->stub);
    *forward = (struct forward){ .watch.ready = forward_ready,
                                 .s = s,
                                 .fd = fd,
                                 .stub = stub,
                                 .client = *client,
                                 .since = deadline_now() };
    if (socket_connect(fd, server, socket_address_size(server)) == 0 &&
        send(fd, message, size, MSG_DONTWAIT) == (ssize_t)size &&
        loop_watch(&s->loop, fd, EPOLLIN, &forward->watch) == 0)
        return true;
    forward_end(forward);
    return false;
}

/* --- answered --- */

static void say_unknown(const struct dns_query *query)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_add(&line, query->name);
    text_add(&line, ": a program asks for records of type ");
    text_add_number(&line, query->type);
    text_add(&line, ", which nobody is asked for about a name that is tunnelled: refused");
    log_line(LOG_CONNECTION, &line);
}

static size_t answer_stand_in(struct supervisor *s, const struct dns_query *query, char *answer)
{
    struct in6_addr v4;
    struct dns_known known = { .v4 = &v4, .seconds = SECONDS };
    uint32_t offset;

    if (names_stand_in(s->names, query->name, &offset) < 0)
        return dns_fail(query, message, DNS_SERVER_FAILURE, answer);
    v4 = names_address(s->names, offset, AF_INET);
    if (query->type != DNS_TYPE_A && query->type != DNS_TYPE_AAAA && query->type != DNS_TYPE_HTTPS &&
        query->type != DNS_TYPE_SVCB && log_wants(LOG_CONNECTION))
        say_unknown(query);
    return dns_answer(query, message, &known, answer);
}

/* Asking for the name of an address that is tunnelled would say here where the program goes. */
static bool may_ask_back(const struct config *config, const struct endpoint *address)
{
    return config_setting(config, CONFIG_NAMES)->value == NAMES_LOCAL ||
           config_decide(config, address).verdict == VERDICT_DIRECT;
}

/* 0: the resolver is to be asked. */
static size_t answer_back(struct supervisor *s, const struct dns_query *query, const struct in6_addr *address,
                          char *answer)
{
    struct endpoint endpoint = { .literal = true, .address = *address };
    struct dns_known known = { .seconds = SECONDS };

    if (!names_ranges_have(config_stand_ins(s->config), &endpoint))
        return may_ask_back(s->config, &endpoint) ? 0 : dns_fail(query, message, DNS_NO_SUCH_NAME, answer);
    if (names_of_stand_in(s->names, &endpoint) == 0)
        known.name = endpoint.host;
    return dns_answer(query, message, &known, answer);
}

/* The same name in other letters is the same name: some resolvers play with them. */
static void lower(char *name)
{
    for (; *name; name++)
        if (*name >= 'A' && *name <= 'Z')
            *name |= 0x20;
}

/* 0: the resolver is to be asked. */
static size_t answer_query(struct supervisor *s, struct dns_query *query, char *answer)
{
    struct in6_addr address;

    lower(query->name);
    if (dns_reverse(query, &address))
        return answer_back(s, query, &address, answer);
    switch (name_way(s->config, query->name, 0)) {
    case WAY_STAND_IN:
        return answer_stand_in(s, query, answer);
    case WAY_NO_NAME:
        return dns_fail(query, message, DNS_NO_SUCH_NAME, answer);
    default:
        return 0;
    }
}

static size_t answer_message(struct supervisor *s, int stub, const union address *client, size_t size,
                             char *answer)
{
    struct dns_query query;
    size_t written;

    switch (dns_read(&query, message, size)) {
    case DNS_NOT_A_QUERY:
        return 0;
    case DNS_WRONG_QUERY:
        return dns_fail(&query, message, query.wrong, answer);
    default:
        break;
    }
    written = answer_query(s, &query, answer);
    if (written > 0)
        return written;
    if (config_setting(s->config, CONFIG_RESOLVERS)->value == RESOLVERS_REFUSE)
        return dns_fail(&query, message, DNS_REFUSED, answer);
    return hand_on(s, stub, client, size) ? 0 : dns_fail(&query, message, DNS_SERVER_FAILURE, answer);
}

static void serve_one(struct supervisor *s, int fd)
{
    char answer[DNS_ANSWER_SIZE];
    union address client;
    socklen_t client_size = sizeof client;
    ssize_t size = recvfrom(fd, message, sizeof message, MSG_DONTWAIT, &client.any, &client_size);
    size_t written = 0;

    if (size > 0) {
        s->config = configs_at(&s->configs, s->stub.config_of[ntohs(client.v4.sin_port)]);
        written = answer_message(s, fd, &client, (size_t)size, answer);
        s->config = s->configs.own;
    }
    if (written > 0)
        sendto(fd, answer, written, MSG_DONTWAIT, &client.any, client_size);
}

static void v4_ready(struct watch *watch, uint32_t events)
{
    struct supervisor *s = owner_of(watch, struct supervisor, stub.v4_watch);

    (void)events;
    serve_one(s, s->stub.v4);
}

static void v6_ready(struct watch *watch, uint32_t events)
{
    struct supervisor *s = owner_of(watch, struct supervisor, stub.v6_watch);

    (void)events;
    serve_one(s, s->stub.v6);
}

/* --- where it is --- */

static int listen_at(struct supervisor *s, union address *at, struct watch *watch)
{
    int fd = space_socket(s->maker, at->any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK);
    socklen_t size = sizeof *at;

    if (fd >= 0 && bind(fd, &at->any, socket_address_size(at)) == 0 &&
        getsockname(fd, &at->any, &size) == 0 && loop_watch(&s->loop, fd, EPOLLIN, watch) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void make(struct supervisor *s)
{
    struct stub *stub = &s->stub;

    if (stub->v4 != 0)
        return;
    for (int i = 0; i < STUB_FORWARDS; i++)
        stub->forwards[i].fd = -1;
    stub->v4_watch.ready = v4_ready;
    stub->v6_watch.ready = v6_ready;
    stub->v4_at.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    stub->v6_at.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    stub->v4 = listen_at(s, &stub->v4_at, &stub->v4_watch);
    stub->v6 = listen_at(s, &stub->v6_at, &stub->v6_watch);
}

bool stub_address(struct supervisor *s, const union address *server, union address *out)
{
    struct stub *stub = &s->stub;
    bool mapped = server->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&server->v6.sin6_addr);

    make(s);
    if (server->any.sa_family == AF_INET6 && !mapped && stub->v6 >= 0) {
        *out = stub->v6_at;
        return true;
    }
    *out = stub->v4_at;
    if (server->any.sa_family == AF_INET6) {
        out->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = stub->v4_at.v4.sin_port };
        memset(out->v6.sin6_addr.s6_addr + 10, 0xff, 2);
        memcpy(out->v6.sin6_addr.s6_addr + 12, &stub->v4_at.v4.sin_addr, 4);
    }
    return stub->v4 >= 0;
}

static bool same(const union address *a, const union address *b)
{
    socklen_t size = socket_address_size(a);

    return size == socket_address_size(b) && memcmp(a, b, size) == 0;
}

void stub_note(struct supervisor *s, int fd, const union address *server)
{
    struct stub *stub = &s->stub;
    union address name = { .any.sa_family = AF_UNSPEC };
    socklen_t size = sizeof name;
    unsigned number = 1;

    while (number <= STUB_SERVERS && !same(&stub->servers[number], server))
        number++;
    if (number > STUB_SERVERS) {
        number = stub->next_server % STUB_SERVERS + 1;
        stub->next_server++;
        stub->servers[number] = *server;
    }
    if (getsockname(fd, &name.any, &size) < 0)
        return;
    stub->server_of[ntohs(name.v4.sin_port)] = (unsigned char)number;
    stub->config_of[ntohs(name.v4.sin_port)] = (unsigned char)configs_find(&s->configs, s->config);
}

bool stub_is(const struct supervisor *s, const union address *address)
{
    in_port_t port = address->v4.sin_port; /* at the same place in both families */
    struct endpoint endpoint;

    return (port == s->stub.v4_at.v4.sin_port || port == s->stub.v6_at.v6.sin6_port) &&
           endpoint_from_sockaddr(&endpoint, &address->any, socket_address_size(address)) &&
           endpoint_is_loopback(&endpoint);
}
