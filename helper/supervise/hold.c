#include "hold.h"
#include "drive.h"
#include "look.h"
#include "supervisor.h"
#include "tell.h"
#include "../common/libc_net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct hold {
    struct work work;
    struct supervisor *s;
    uint64_t cookie;
    int fd;      /* a duplicate of the program's socket */
    int process; /* a pidfd of who called first */
    bool dials;
    atomic_bool given_up;
    int error;
    struct dial dial;
    struct sockaddr_storage address;
    socklen_t size;
    union address asked;
};

/* A failed one is left as the kernel leaves a socket on which connect() has failed. */
static void run(struct work *work)
{
    struct hold *hold = owner_of(work, struct hold, work);

    if (!hold->dials) {
        hold->error = socket_connect(hold->fd, &hold->address, hold->size);
        return;
    }
    hold->error = drive(&hold->dial, hold->process, &hold->given_up);
    if (hold->error && !hold->dial.unusable && !atomic_load(&hold->given_up)) {
        dial_disconnect(&hold->dial);
        socket_option(hold->fd, SOL_SOCKET, SO_ERROR);
    }
}

/* What the result means for the socket; of what is wrong with the call itself it means nothing. */
static void keep(struct known *known, const struct hold *hold, bool told)
{
    known->state = SOCKET_IDLE;
    if (hold->error == 0) {
        known->asked = hold->asked;
        known->zero_due = !told;
    } else if (hold->dials && !hold->dial.unusable) {
        known->asked.any.sa_family = AF_UNSPEC;
    }
    if (hold->error && !told && hold->error != EINPROGRESS && hold->error != ECANCELED) {
        known->state = SOCKET_FAILED;
        known->error = hold->error;
    }
}

static void done(struct work *work)
{
    struct hold *hold = owner_of(work, struct hold, work);
    struct supervisor *s = hold->s;
    struct known *known = sockets_find(&s->sockets, hold->cookie);
    struct waiter *waiter;
    bool told = false;

    if (known && known->hold == hold) {
        known->hold = NULL;
        known->mapped |= hold->dials && hold->error && hold->dial.mapped;
        while ((waiter = waiters_take(&s->waiters, hold->cookie)) != NULL) {
            told |= tell_result(s, &waiter->notice, hold->error);
            free(waiter);
        }
        keep(known, hold, told);
    }
    close(hold->fd);
    if (hold->process >= 0)
        close(hold->process);
    free(hold);
}

static struct hold *make(struct supervisor *s, const struct notice *notice, int fd,
                         const struct held_target *to)
{
    struct hold *hold = calloc(1, sizeof *hold);

    if (!hold)
        return NULL;
    hold->work.run = run;
    hold->work.done = done;
    hold->s = s;
    hold->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    hold->process = look_open(notice->thread);
    hold->dials = to->target != NULL;
    if (to->target)
        dial_start(&hold->dial, &libc_net, hold->fd, socket_option(fd, SOL_SOCKET, SO_DOMAIN), to->target,
                   to->route, to->route->count ? config_limits(s->config) : &s->direct_limits);
    if (to->asked)
        hold->asked = *to->asked;
    hold->size = to->size;
    memcpy(&hold->address, to->address, to->size);
    return hold;
}

int hold_begin(struct supervisor *s, struct known *known, const struct notice *notice, int fd,
               const struct held_target *to)
{
    struct hold *hold = make(s, notice, fd, to);
    int result = hold && hold->fd >= 0 ? 0 : ENOMEM;

    if (result == 0 && !waiters_add(&s->waiters, notice, known->cookie, fd, EINPROGRESS))
        result = ENOMEM;
    if (result == 0) {
        hold->cookie = known->cookie;
        known->hold = hold;
        known->state = SOCKET_HELD;
        result = -work_start(&s->works, &hold->work);
        if (result == 0)
            return 0;
        free(waiters_take(&s->waiters, known->cookie));
        known->hold = NULL;
        known->state = SOCKET_IDLE;
    }
    if (hold && hold->fd >= 0)
        close(hold->fd);
    if (hold && hold->process >= 0)
        close(hold->process);
    free(hold);
    return result;
}

int hold_join(struct supervisor *s, struct known *known, const struct notice *notice, int fd)
{
    return waiters_add(&s->waiters, notice, known->cookie, fd, EALREADY) ? 0 : ENOMEM;
}

void hold_give_up(struct supervisor *s, struct known *known)
{
    struct waiter *waiter;

    atomic_store(&known->hold->given_up, true);
    known->hold = NULL;
    known->state = SOCKET_IDLE;
    while ((waiter = waiters_take(&s->waiters, known->cookie)) != NULL) {
        tell_result(s, &waiter->notice, EPIPE);
        free(waiter);
    }
}
