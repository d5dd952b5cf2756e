/* untouched : what a connect() answers that is no business of a proxy, a line each. The output is the same with and
 * without the library. Uses 203.0.113.7 where the address must not matter. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static uint16_t listener_port;

static struct sockaddr_in four(const char *host, int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    inet_pton(AF_INET, host, &address.sin_addr);
    return address;
}

static struct sockaddr_in6 six(const char *host, int port)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

    inet_pton(AF_INET6, host, &address.sin6_addr);
    return address;
}

static void show(const char *what, int fd, const void *address, socklen_t length)
{
    errno = 0;
    printf("%s: ", what);
    if (connect(fd, address, length) == 0)
        printf("connected, errno %d\n", errno);
    else
        printf("%s\n", strerror(errno));
    fflush(stdout);
}

static void show_fresh(const char *what, int family, int type, const void *address, socklen_t length)
{
    int fd = socket(family, type, 0);

    if (fd < 0) {
        printf("%s: no socket\n", what);
        return;
    }
    show(what, fd, address, length);
    close(fd);
}

static int listen_here(int family)
{
    int fd = socket(family, SOCK_STREAM, 0);
    struct sockaddr_in6 v6 = six("::1", 0);
    struct sockaddr_in v4 = four("127.0.0.1", 0);
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    int failed = family == AF_INET ? bind(fd, (void *)&v4, sizeof v4) : bind(fd, (void *)&v6, sizeof v6);

    if (failed || listen(fd, 16) < 0)
        return -1;
    getsockname(fd, (void *)&bound, &size);
    listener_port = ntohs(family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port
                                            : ((struct sockaddr_in6 *)&bound)->sin6_port);
    return fd;
}

static void bad_descriptors(void)
{
    struct sockaddr_in away = four("203.0.113.7", 80);
    int ends[2];

    show("descriptor -1", -1, &away, sizeof away);
    show("closed descriptor", 1000, &away, sizeof away);
    if (pipe(ends) == 0)
        show("pipe", ends[0], &away, sizeof away);
}

static void bad_addresses(void)
{
    struct sockaddr_in away = four("203.0.113.7", 80);
    struct sockaddr_in6 away6 = six("2001:db8::7", 80);

    show_fresh("no address", AF_INET, SOCK_STREAM, NULL, sizeof away);
    show_fresh("bad pointer", AF_INET, SOCK_STREAM, (void *)16, sizeof away);
    show_fresh("length 0", AF_INET, SOCK_STREAM, &away, 0);
    show_fresh("length 1", AF_INET, SOCK_STREAM, &away, 1);
    show_fresh("length 2", AF_INET, SOCK_STREAM, &away, 2);
    show_fresh("length 15", AF_INET, SOCK_STREAM, &away, 15);
    show_fresh("length 4096", AF_INET, SOCK_STREAM, &away, 4096);
    show_fresh("length -1", AF_INET, SOCK_STREAM, &away, (socklen_t)-1);
    show_fresh("IPv6 length 23", AF_INET6, SOCK_STREAM, &away6, 23);
    show_fresh("IPv4 address on an IPv6 socket", AF_INET6, SOCK_STREAM, &away, sizeof away);
    show_fresh("IPv6 address on an IPv4 socket", AF_INET, SOCK_STREAM, &away6, sizeof away6);
}

static void other_families(void)
{
    struct sockaddr_un nowhere = { .sun_family = AF_UNIX, .sun_path = "no-such-socket" };
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    struct sockaddr_in loopback = four("127.0.0.1", 9);

    show_fresh("UNIX stream", AF_UNIX, SOCK_STREAM, &nowhere, sizeof nowhere);
    show_fresh("UNIX datagram", AF_UNIX, SOCK_DGRAM, &nowhere, sizeof nowhere);
    show_fresh("UDP", AF_INET, SOCK_DGRAM, &loopback, sizeof loopback);
    show_fresh("netlink", AF_NETLINK, SOCK_RAW, &kernel, sizeof kernel);
    show_fresh("AF_UNSPEC on a new socket", AF_INET, SOCK_STREAM, &none, sizeof none);
}

/* TCP_INQ takes 0 and 1 from whoever asks by it. */
static void option_is_kept(const char *what, const void *address, socklen_t length)
{
    for (int set = 0; set <= 1; set++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0), now = -1;
        socklen_t size = sizeof now;

        setsockopt(fd, IPPROTO_TCP, TCP_INQ, &set, sizeof set);
        show(what, fd, address, length);
        getsockopt(fd, IPPROTO_TCP, TCP_INQ, &now, &size);
        printf("TCP_INQ %d, then %d\n", set, now);
        close(fd);
    }
}

static void wrong_families(void)
{
    struct sockaddr_un file = { .sun_family = AF_UNIX };
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    struct sockaddr_in away = four("203.0.113.7", 80);
    int raw = socket(AF_INET, SOCK_RAW, IPPROTO_TCP);

    option_is_kept("AF_UNSPEC on a TCP socket", &none, sizeof none);
    option_is_kept("UNIX address on a TCP socket", &file, sizeof file);
    if (raw >= 0)
        show("raw packets of TCP", raw, &away, sizeof away);
}

static void loopback_targets(int family)
{
    struct sockaddr_in v4[] = { four("127.0.0.1", listener_port), four("0.0.0.0", listener_port) };
    struct sockaddr_in6 v6[] = { six("::1", listener_port), six("::", listener_port) };
    struct sockaddr_in away = four("203.0.113.7", 80);
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    int fd;

    if (family == AF_INET6) {
        show_fresh("::1", AF_INET6, SOCK_STREAM, &v6[0], sizeof v6[0]);
        show_fresh("::", AF_INET6, SOCK_STREAM, &v6[1], sizeof v6[1]);
        return;
    }
    show_fresh("127.0.0.1", AF_INET, SOCK_STREAM, &v4[0], sizeof v4[0]);
    show_fresh("0.0.0.0", AF_INET, SOCK_STREAM, &v4[1], sizeof v4[1]);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    show("connected to loopback", fd, &v4[0], sizeof v4[0]);
    show("connected already", fd, &away, sizeof away);
    show("AF_UNSPEC when connected", fd, &none, sizeof none);
    show("and connected again", fd, &v4[0], sizeof v4[0]);
}

int main(void)
{
    struct sockaddr_in away;
    int listener;

    bad_descriptors();
    bad_addresses();
    other_families();
    wrong_families();
    listener = listen_here(AF_INET);
    if (listener < 0)
        return 1;
    loopback_targets(AF_INET);
    away = four("203.0.113.7", 80);
    show("a listening socket", listener, &away, sizeof away);
    if (listen_here(AF_INET6) >= 0)
        loopback_targets(AF_INET6);
    return 0;
}
