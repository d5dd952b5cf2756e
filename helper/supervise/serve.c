#include "serve.h"
#include "answers.h"
#include "connect.h"
#include "datagrams.h"
#include "look.h"
#include "nested.h"
#include "takeover.h"
#include "registrations.h"
#include "space.h"
#include "supervisor.h"
#include "../common/libc_net.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Which argument is the socket. */
static int socket_of(const struct notice *notice)
{
    return (int)notice->arguments[notice->call == SYS_epoll_ctl ? 2 : 0];
}

static void say_hidden(const struct notice *notice)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_add(&line, "process ");
    text_add_number(&line, (unsigned long)notice->thread);
    text_add(&line,
             " does not let us look into it, so that it cannot be tunnelled: its connections are refused");
    log_failure((uint64_t)notice->thread, &line);
}

static bool is_internet(int fd)
{
    int domain = socket_option(fd, SOL_SOCKET, SO_DOMAIN);

    return domain == AF_INET || domain == AF_INET6;
}

static void answer_socket(struct supervisor *s, const struct notice *notice, int fd)
{
    switch (notice->call) {
    case SYS_connect:
        connect_answer(s, notice, fd);
        return;
    case SYS_getpeername:
        answer_peer(s, notice, fd);
        return;
    case SYS_shutdown:
        answer_shutdown(s, notice, fd);
        return;
    case SYS_getsockopt:
        answer_error(s, notice, fd);
        return;
    case SYS_sendto:
        datagrams_send(s, notice, fd);
        return;
    case SYS_sendmsg:
    case SYS_sendmmsg:
        datagrams_send_message(s, notice, fd);
        return;
    case SYS_recvfrom:
    case SYS_recvmsg:
        datagrams_receive(s, notice, fd);
        return;
    case SYS_epoll_ctl:
        registrations_watch(s, notice, fd);
        break;
    }
    notify_pass(s->listener, notice->id);
}

/* EACCES: what its process was told is wrong, so that nothing is let out, as the library has it. */
static void answer_by_config(struct supervisor *s, const struct notice *notice, int fd)
{
    int number = configs_number(&s->configs, notice->thread);

    s->config = configs_at(&s->configs, number);
    if (number < 0 && notice->call == SYS_connect)
        notify_answer(s->listener, notice->id, -EACCES);
    else
        answer_socket(s, notice, fd);
    s->config = s->configs.own;
}

/* What is no socket of the Internet is the kernel's: it says what it is. */
static void answer(struct supervisor *s, const struct notice *notice)
{
    int fd = look_take(notice->thread, socket_of(notice));

    if (fd >= 0 && !is_internet(fd) && notice->call == SYS_connect) {
        connect_answer_local(s, notice);
    } else if (fd == -EBADF || (fd >= 0 && !is_internet(fd))) {
        notify_pass(s->listener, notice->id);
    } else if (fd >= 0 && (notice->call == SYS_connect || notice->call == SYS_sendto)) {
        answer_by_config(s, notice, fd);
    } else if (fd >= 0) {
        answer_socket(s, notice, fd);
    } else if (notice->call == SYS_connect) {
        if (fd == -EPERM)
            say_hidden(notice);
        notify_answer(s->listener, notice->id, -EACCES);
    } else {
        notify_pass(s->listener, notice->id);
    }
    if (fd >= 0)
        close(fd);
}

static void notices_ready(struct watch *watch, uint32_t events)
{
    struct supervisor *s = owner_of(watch, struct supervisor, notices);
    struct pollfd more = { .fd = s->listener, .events = POLLIN };
    struct notice notice;
    int result;

    if (!(events & EPOLLIN)) {
        s->loop.stopped = true;
        return;
    }
    do {
        result = notify_receive(s->listener, &notice);
        if (result == 0 && !nested_answer(s, &notice))
            answer(s, &notice);
    } while ((result == 0 || result == -ENOENT) && poll(&more, 1, 0) == 1 && more.revents == POLLIN);
}

/* Whoever reads the command's standard error to its end is not kept waiting by us. */
static void command_ended(struct watch *watch, uint32_t events)
{
    struct supervisor *s = owner_of(watch, struct supervisor, command);

    (void)events;
    loop_forget(&s->loop, s->process);
    close(s->process);
    dup2(s->nothing, STDERR_FILENO);
}

static void relay_has_ended(struct relays *all, const struct relay *relay)
{
    (void)all;
    (void)relay;
}

static bool start(struct supervisor *s, const struct config *config)
{
    configs_start(&s->configs, config);
    s->config = config;
    s->direct_limits = *config_limits(config);
    s->direct_limits.fallback_direct = true;
    s->no_route.name = "direct";
    s->names = names_open(&libc_net, fcntl, getenv("XDG_RUNTIME_DIR"), config_stand_ins(config));
    s->network = space_network(s->maker);
    s->outside = s->maker == SPACE_NONE ? 0 : space_network(SPACE_NONE);
    s->notices.ready = notices_ready;
    s->command.ready = command_ended;
    sockets_start(&s->sockets);
    if (!s->names || loop_open(&s->loop) < 0 || works_open(&s->works, &s->loop) < 0 ||
        loop_watch(&s->loop, s->listener, EPOLLIN, &s->notices) < 0)
        return false;
    waiters_start(&s->waiters, &s->loop, s->listener);
    relays_start(&s->relays, &s->loop, config_limits(config), relay_has_ended);
    s->relays.has_shared_ends = true;
    gates_start(s);
    return true;
}

bool serve(const struct config *config, const struct served *served)
{
    static struct supervisor s;

    s.listener = served->listener;
    s.process = served->command;
    s.maker = served->maker;
    s.nothing = served->nothing;
    s.reserved = served->reserved;
    if (!start(&s, config) || loop_watch(&s.loop, s.process, EPOLLIN, &s.command) < 0 ||
        (served->mirror >= 0 && !reaper_start(&s.reaper, &s.loop, served->mirror, served->first)) ||
        send(served->begun, "", 1, MSG_NOSIGNAL) != 1)
        return false;
    dup2(s.nothing, served->begun);
    loop_run(&s.loop);
    if (served->mirror >= 0)
        reaper_end(&s.reaper);
    return true;
}
