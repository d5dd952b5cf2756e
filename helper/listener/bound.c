#include "bound.h"
#include "far.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

static void set(int fd, int level, int name)
{
    static const int on = 1;

    setsockopt(fd, level, name, &on, sizeof on);
}

/* The sockets that it accepts get all of these from it; see far_socket() for why. */
static void set_options(int fd, int family)
{
    set(fd, SOL_SOCKET, SO_REUSEADDR);
    far_keep_alive(fd);
    set(fd, IPPROTO_TCP, TCP_NODELAY);
    if (family == AF_INET6)
        set(fd, IPPROTO_IPV6, IPV6_V6ONLY); /* 0.0.0.0 has a socket of its own */
}

static void complain(struct text *wrong, const char *where, const char *words)
{
    text_print(wrong, "cannot listen on %s: %s", where, words);
}

static void print_where(char *out, size_t size, const struct sockaddr *address, socklen_t length)
{
    char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";

    getnameinfo(address, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(out, size, address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

/* 0 or a positive errno; out->fd is open only on 0. */
static int listen_on(struct bound *out, const struct sockaddr *address, socklen_t size)
{
    int error = 0;

    out->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (out->fd < 0)
        return errno;
    if (address->sa_family != AF_UNIX)
        set_options(out->fd, address->sa_family);
    if (bind(out->fd, address, size) < 0 || listen(out->fd, BACKLOG) < 0) {
        error = errno;
        close(out->fd);
    }
    return error;
}

static bool is_beyond_loopback(const struct sockaddr *address, socklen_t size)
{
    struct endpoint endpoint;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;

    if (address->sa_family == AF_INET ? v4->sin_addr.s_addr == INADDR_ANY
                                      : IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
        return true; /* endpoint_from_sockaddr() takes it for loopback, as connect(2) does */
    return endpoint_from_sockaddr(&endpoint, address, size) && !endpoint_is_loopback(&endpoint);
}

static int listen_on_host(struct bound *out, const struct addrinfo *at)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    int error;

    print_where(out->where, sizeof out->where, at->ai_addr, at->ai_addrlen);
    out->beyond = is_beyond_loopback(at->ai_addr, at->ai_addrlen);
    error = listen_on(out, at->ai_addr, at->ai_addrlen);
    if (error == 0 && out->any_port && getsockname(out->fd, (struct sockaddr *)&name, &size) == 0)
        print_where(out->where, sizeof out->where, (struct sockaddr *)&name, size);
    return error;
}

/* A machine without IPv6 may have ::1 for `localhost`: an address whose family is missing is passed over if
 * there is another one. */
static bool is_missing_family(int error)
{
    return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

static int listen_on_list(struct bound out[BOUND_MOST], const struct addrinfo *list, bool any_port,
                          struct text *wrong)
{
    int count = 0, error = 0;

    for (const struct addrinfo *at = list; at && count < BOUND_MOST; at = at->ai_next) {
        out[count] = (struct bound){ .any_port = any_port };
        error = listen_on_host(&out[count], at);
        if (error == 0)
            count++;
        else if (!is_missing_family(error) || (!at->ai_next && count == 0))
            break;
        else
            error = 0;
    }
    if (error == 0)
        return count;
    complain(wrong, out[count].where, strerror(error));
    while (count > 0)
        bound_close(&out[--count]);
    return -1;
}

static int open_host(struct bound out[BOUND_MOST], const struct specification *specification,
                     struct text *wrong)
{
    const char *host = specification->kind == LISTEN_ALL ? NULL : specification->host;
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *list;
    char port[8];
    int result;

    snprintf(port, sizeof port, "%u", (unsigned)specification->port);
    result = getaddrinfo(host, port, &hints, &list);
    if (result != 0) {
        complain(wrong, host ? host : "*", gai_strerror(result));
        return -1;
    }
    result = listen_on_list(out, list, specification->port == 0, wrong);
    freeaddrinfo(list);
    return result;
}

static bool is_socket(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* A socket in the file system on which nobody listens: a process that was killed left it behind. */
static bool is_abandoned(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool refused;

    if (fd < 0)
        return false;
    refused = connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;
    close(fd);
    return refused && is_socket(address->sun_path);
}

static int open_path(struct bound *out, const struct specification *specification, struct text *wrong)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    mode_t before = umask(0177); /* for its owner only, as a port of loopback is not */
    int error;

    *out = (struct bound){ .is_path = true };
    strcpy(out->where, specification->path);
    strcpy(address.sun_path, specification->path);
    error = listen_on(out, (const struct sockaddr *)&address, sizeof address);
    if (error == EADDRINUSE && is_abandoned(&address) && unlink(address.sun_path) == 0)
        error = listen_on(out, (const struct sockaddr *)&address, sizeof address);
    umask(before);
    if (error == EADDRINUSE && !is_socket(address.sun_path))
        complain(wrong, out->where, "there is something else, which is no socket");
    else if (error)
        complain(wrong, out->where, strerror(error));
    return error ? -1 : 1;
}

int bound_open(struct bound out[BOUND_MOST], const struct specification *specification, struct text *wrong)
{
    if (specification->kind == LISTEN_PATH)
        return open_path(out, specification, wrong);
    return open_host(out, specification, wrong);
}

void bound_close(struct bound *bound)
{
    close(bound->fd);
    if (bound->is_path)
        unlink(bound->where);
}
