#include "registrations.h"
#include "look.h"
#include "supervisor.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>

/* One that is connected, or listens, stays what it is. */
static bool may_be_connected(int fd)
{
    struct tcp_info info = { .tcpi_state = 0 };
    socklen_t size = sizeof info;

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           (info.tcpi_state == TCP_CLOSE || info.tcpi_state == TCP_SYN_SENT);
}

static struct registration *find(struct known *known, const struct registration *wanted)
{
    for (unsigned i = 0; i < known->registration_count; i++)
        if (known->registrations[i].set == wanted->set && known->registrations[i].number == wanted->number)
            return &known->registrations[i];
    return NULL;
}

static void change(struct known *known, int operation, const struct registration *wanted)
{
    struct registration *found = find(known, wanted);

    if (operation == EPOLL_CTL_DEL) {
        if (found)
            *found = known->registrations[--known->registration_count];
    } else if (found) {
        *found = *wanted;
    } else if (known->registration_count < REGISTRATIONS_MOST) {
        known->registrations[known->registration_count++] = *wanted;
    } else {
        known->registrations_lost = true;
    }
}

void registrations_watch(struct supervisor *s, const struct notice *notice, int fd)
{
    struct registration wanted = { .set = (int)notice->arguments[0], .number = (int)notice->arguments[2] };
    int operation = (int)notice->arguments[1];
    struct known *known = sockets_find(&s->sockets, socket_cookie(fd));

    if (!known && (operation == EPOLL_CTL_DEL || !may_be_connected(fd)))
        return;
    if (operation != EPOLL_CTL_DEL &&
        !look_read(notice->thread, notice->arguments[3], &wanted.event, sizeof wanted.event))
        return;
    known = known ? known : sockets_make(&s->sockets, socket_cookie(fd));
    if (known)
        change(known, operation, &wanted);
}
