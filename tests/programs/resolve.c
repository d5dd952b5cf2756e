/* resolve NAME NAME6 : what each resolver call answers for a name with an address of each family and for one with one
 * IPv6 address, a line each. With the library the output is the same but for the addresses.
 *
 * resolve -q NAME : the address alone that getaddrinfo() gives */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void print_address(const struct sockaddr *address, socklen_t size)
{
    char text[INET6_ADDRSTRLEN] = "?";
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    memcpy(&v4, address, sizeof v4);
    memcpy(&v6, address, size < sizeof v6 ? size : sizeof v6);
    if (v4.sin_family == AF_INET)
        inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    else
        inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    printf("%s port %d", text, ntohs(v4.sin_port));
}

static void print_list(const struct addrinfo *list)
{
    for (const struct addrinfo *at = list; at; at = at->ai_next) {
        printf(" | %d %d %d %u ", at->ai_family, at->ai_socktype, at->ai_protocol, (unsigned)at->ai_addrlen);
        print_address(at->ai_addr, at->ai_addrlen);
        printf(" flags %d name %s", at->ai_flags, at->ai_canonname ? at->ai_canonname : "-");
    }
    puts("");
}

static void try_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints)
{
    struct addrinfo *list = NULL;
    int error;

    errno = 4711;
    error = getaddrinfo(node, service, hints, &list);
    printf("getaddrinfo(%s, %s, ", node ? node : "NULL", service ? service : "NULL");
    if (hints)
        printf("%d %d %d 0x%x", hints->ai_family, hints->ai_socktype, hints->ai_protocol, (unsigned)hints->ai_flags);
    printf(") = %d errno %s", error, error == EAI_SYSTEM ? strerror(errno) : "-");
    print_list(list);
    if (list)
        freeaddrinfo(list);
}

static void try_hints(const char *node, int family)
{
    static const int flags[] = { 0,
                                 AI_CANONNAME,
                                 AI_NUMERICHOST,
                                 AI_NUMERICSERV,
                                 AI_ADDRCONFIG,
                                 AI_V4MAPPED,
                                 AI_V4MAPPED | AI_ALL,
                                 AI_PASSIVE,
                                 AI_CANONNAME | AI_NUMERICHOST,
                                 AI_CANONNAME | AI_V4MAPPED | AI_ADDRCONFIG,
                                 1 << 30 };
    static const int types[] = { 0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, 99 };
    static const char *const services[] = { NULL, "443", "https", "domain", "tftp", "nonesuch", "65536", "-1", "" };

    for (size_t f = 0; f < sizeof flags / sizeof *flags; f++)
        for (size_t t = 0; t < sizeof types / sizeof *types; t++)
            for (size_t s = 0; s < sizeof services / sizeof *services; s++) {
                struct addrinfo hints = { .ai_family = family, .ai_socktype = types[t], .ai_flags = flags[f] };

                try_getaddrinfo(node, services[s], &hints);
                hints.ai_protocol = IPPROTO_TCP;
                try_getaddrinfo(node, services[s], &hints);
            }
}

static void print_host(const char *call, const struct hostent *host, int error)
{
    char text[INET6_ADDRSTRLEN];

    printf("%s = ", call);
    if (!host) {
        printf("NULL, h_errno %d\n", error);
        return;
    }
    printf("%s %d %d", host->h_name, host->h_addrtype, host->h_length);
    for (char **alias = host->h_aliases; *alias; alias++)
        printf(" alias %s", *alias);
    for (char **at = host->h_addr_list; *at; at++)
        printf(" %s", inet_ntop(host->h_addrtype, *at, text, sizeof text));
    puts("");
}

static void try_sizes(const char *name, int family)
{
    char call[512];

    for (size_t size = 0; size <= 1024; size = size ? size * 2 : 64) {
        struct hostent room, *found = NULL;
        char *buffer = malloc(size + 1);
        int error = 0, result = gethostbyname2_r(name, family, &room, buffer, size, &found, &error);

        /* how much room is enough is libc's own affair, and differs by the length of the digits */
        if (result != ERANGE) {
            snprintf(call, sizeof call, "gethostbyname2_r(%s, %d) %d", name, family, result);
            print_host(call, found, error);
            size = 1024;
        }
        free(buffer);
    }
}

static void try_hosts(const char *name, int family)
{
    struct hostent room, *found;
    char buffer[2048], call[512];
    int error = 0, result;

    if (family == AF_INET) {
        snprintf(call, sizeof call, "gethostbyname(%s)", name);
        found = gethostbyname(name);
        print_host(call, found, h_errno);
        result = gethostbyname_r(name, &room, buffer, sizeof buffer, &found, &error);
        snprintf(call, sizeof call, "gethostbyname_r(%s) %d", name, result);
        print_host(call, found, error);
    }
    snprintf(call, sizeof call, "gethostbyname2(%s, %d)", name, family);
    found = gethostbyname2(name, family);
    print_host(call, found, h_errno);
    try_sizes(name, family);
}

static void try_getnameinfo(const struct addrinfo *at)
{
    static const int flags[] = { 0, NI_NUMERICHOST, NI_NAMEREQD, NI_NUMERICSERV, NI_DGRAM, NI_NOFQDN, 1 << 20 };
    static const socklen_t sizes[] = { 0, 1, 4, NI_MAXHOST };
    char host[NI_MAXHOST], service[NI_MAXSERV];

    for (size_t f = 0; f < sizeof flags / sizeof *flags; f++)
        for (size_t h = 0; h < sizeof sizes / sizeof *sizes; h++)
            for (socklen_t s = 0; s <= sizeof service; s += sizeof service / 2) {
                int error;

                host[0] = service[0] = '\0';
                error = getnameinfo(at->ai_addr, at->ai_addrlen, host, sizes[h], service, s, flags[f]);
                printf("getnameinfo(0x%x, %u, %u) = %d", (unsigned)flags[f], sizes[h], (unsigned)s, error);
                puts(error ? "" : host);
                puts(error ? "" : service);
            }
    printf("getnameinfo(short) = %d\n",
           getnameinfo(at->ai_addr, 3, host, sizeof host, service, sizeof service, 0));
}

static void try_back(const char *name, int family)
{
    struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM }, *list;
    const void *address;
    socklen_t size = family == AF_INET ? 4 : 16;
    struct hostent room, *found;
    char buffer[2048];
    int error;

    if (getaddrinfo(name, "443", &hints, &list) != 0)
        return;
    try_getnameinfo(list);
    address = family == AF_INET ? (const void *)&((struct sockaddr_in *)list->ai_addr)->sin_addr
                                : (const void *)&((struct sockaddr_in6 *)list->ai_addr)->sin6_addr;
    found = gethostbyaddr(address, size, family);
    print_host("gethostbyaddr", found, h_errno);
    found = gethostbyaddr(address, size - 1, family);
    print_host("gethostbyaddr(short)", found, 0);
    printf("gethostbyaddr_r %d\n",
           gethostbyaddr_r(address, size, family, &room, buffer, sizeof buffer, &found, &error));
    print_host("gethostbyaddr_r", found, error);
    freeaddrinfo(list);
}

static void try_list(const char *name, const char *name6)
{
    struct addrinfo hints = { .ai_family = AF_INET6, .ai_flags = AI_CANONNAME };
    struct gaicb requests[] = { { .ar_name = name, .ar_service = "443" },
                                { .ar_name = name6, .ar_request = &hints },
                                { .ar_name = "localhost", .ar_service = "443" },
                                { .ar_name = name, .ar_service = "nonesuch" } };
    struct gaicb *list[] = { &requests[0], NULL, &requests[1], &requests[2], &requests[3] };

    printf("getaddrinfo_a = %d\n", getaddrinfo_a(GAI_WAIT, list, 5, NULL));
    for (size_t i = 0; i < 4; i++) {
        printf("gai_error = %d %s", gai_error(&requests[i]), requests[i].ar_name);
        print_list(requests[i].ar_result);
    }
    printf("getaddrinfo_a(bad mode) = %d\n", getaddrinfo_a(77, list, 5, NULL));
}

static void try_special(void)
{
    static const char *const nodes[] = { NULL,  "",          "127.0.0.1", "127.1",     "0x7f000001", "::1",
                                         "fe80::1%1", "::ffff:127.0.0.1", "1.2.3.4", "localhost", "::1%nonesuch" };
    struct addrinfo hints = { .ai_family = 77 };

    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        try_getaddrinfo(nodes[i], "80", NULL);
        try_getaddrinfo(nodes[i], NULL, NULL);
    }
    try_getaddrinfo("localhost", "80", &hints);
}

static int quick(const char *name)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
    int error = getaddrinfo(name, NULL, &hints, &list);

    if (error) {
        printf("%s\n", gai_strerror(error));
        return 1;
    }
    print_address(list->ai_addr, list->ai_addrlen);
    puts("");
    return 0;
}

int main(int argc, char **argv)
{
    struct addrinfo bad_family = { .ai_family = 77 };

    if (argc == 3 && strcmp(argv[1], "-q") == 0)
        return quick(argv[2]);
    if (argc != 3) {
        fputs("usage: resolve NAME NAME6 | resolve -q NAME\n", stderr);
        return 2;
    }
    try_getaddrinfo(argv[1], "443", NULL);
    try_getaddrinfo(argv[1], "443", &bad_family);
    try_hints(argv[1], AF_UNSPEC);
    try_hints(argv[1], AF_INET);
    try_hints(argv[2], AF_INET6);
    try_hosts(argv[1], AF_INET);
    try_hosts(argv[2], AF_INET6);
    try_back(argv[1], AF_INET);
    try_back(argv[2], AF_INET6);
    try_list(argv[1], argv[2]);
    try_special();
    return 0;
}
