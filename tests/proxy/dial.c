#include "dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define CAUSE(word) "Proxy-Status: proxy.test; error=" word

/* The first row that fits counts; the last fits all. */
static const struct {
    int error;
    struct dial_failure failure;
} failures[] = {
    {ECONNREFUSED, {502, CAUSE("connection_refused")}},
    {ENOENT, {502, CAUSE("connection_refused")}}, /* a Unix socket that is not there */
    {ETIMEDOUT, {504, CAUSE("connection_timeout")}},
    {EHOSTUNREACH, {502, CAUSE("destination_ip_unroutable")}},
    {ENETUNREACH, {502, CAUSE("destination_ip_unroutable")}},
    {DIAL_NO_NAME, {502, CAUSE("dns_error")}},
    {EMFILE, {503, CAUSE("connection_limit_reached")}},
    {ENFILE, {503, CAUSE("connection_limit_reached")}},
    {0, {502, CAUSE("destination_unavailable")}},
};

void dial_prepare(struct dial *dial, const char *target)
{
    *dial = (struct dial){0};
    if (!address_resolve(&dial->addresses, target))
        dial->error = DIAL_NO_NAME;
}

int dial_next(struct dial *dial)
{
    const int yes = 1;

    while (dial->next < dial->addresses.count) {
        const struct address *address = &dial->addresses.list[dial->next++];
        int fd = socket(address->name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0) {
            dial->error = errno;
            continue;
        }
        if (address->name.ss_family != AF_UNIX)
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (connect(fd, (const struct sockaddr *)&address->name, address->length) == 0 ||
            errno == EINPROGRESS)
            return fd;
        dial->error = errno;
        close(fd);
    }
    return -1;
}

struct dial_failure dial_failure(int error)
{
    size_t i = 0;

    while (failures[i].error != error && failures[i].error != 0)
        i++;
    return failures[i].failure;
}
