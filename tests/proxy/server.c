#include "server.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { BACKLOG = 4096, PAUSE_MS = 200 };

static void listen_again(void *owner)
{
    struct server *server = owner;

    if (!server->paused)
        return;
    server->paused = false;
    timer_stop(&server->pause);
    for (size_t i = 0; i < server->options->listen_count; i++)
        watch_want(&server->listeners[i], EPOLLIN);
}

/* No descriptors are left: the listeners would be ready all the time. Wait until a client goes; the timer is
 * for the case that somebody else has taken them all. */
static void pause_listening(struct server *server)
{
    server->paused = true;
    timer_set(&server->loop, &server->pause, PAUSE_MS);
    for (size_t i = 0; i < server->options->listen_count; i++)
        watch_off(&server->listeners[i]);
}

static void on_listener(struct watch *listener, uint32_t events)
{
    struct server *server = listener->owner;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd >= 0 && server->options->turn_away)
        client_turn_away(&server->clients, fd, server->options->on_accept);
    else if (fd >= 0)
        client_start(&server->clients, fd);
    else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        pause_listening(server);
}

static void on_signal(struct watch *signals, uint32_t events)
{
    struct server *server = signals->owner;
    const struct clients *clients = &server->clients;
    struct signalfd_siginfo info;

    (void)events;
    if (read(signals->fd, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo == SIGUSR1)
        record_line(&server->record, "COUNTERS accepted=%lu open=%lu most=%lu tunnels=%lu", clients->accepted,
                    clients->open, clients->most, clients->tunnels);
    else
        server->loop.stopped = true;
}

static void open_signals(struct server *server)
{
    struct watch *watch = &server->signals;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *watch = (struct watch){.loop = &server->loop, .ready = on_signal, .owner = server};
    watch->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (watch->fd < 0)
        err(1, "signalfd");
    watch_want(watch, EPOLLIN);
}

static void open_listener(struct server *server, struct watch *watch, const struct address *address)
{
    const int yes = 1;
    struct address bound = {.length = sizeof bound.name};
    char text[ADDRESS_TEXT];
    int fd = socket(address->name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address_print(text, address);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (address->name.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address->name, address->length) < 0 ||
        listen(fd, BACKLOG) < 0 || getsockname(fd, (struct sockaddr *)&bound.name, &bound.length) < 0)
        err(1, "%s", text);
    *watch = (struct watch){.fd = fd, .loop = &server->loop, .ready = on_listener, .owner = server};
    watch_want(watch, EPOLLIN);
    address_print(text, &bound);
    printf("listening %s\n", text);
}

static int open_log(const char *path)
{
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : STDOUT_FILENO;

    if (fd < 0)
        err(1, "%s", path);
    return fd;
}

void server_start(struct server *server, const struct options *options)
{
    *server = (struct server){.options = options};
    server->record = (struct record){.fd = open_log(options->log), .headers = options->log_headers};
    server->clients = (struct clients){.loop = &server->loop,
                                       .record = &server->record,
                                       .owner = server,
                                       .script = &options->script,
                                       .on_gone = listen_again};
    server->pause = (struct timer){.fire = listen_again, .owner = server};
    loop_open(&server->loop);
    open_signals(server);
    for (size_t i = 0; i < options->listen_count; i++)
        open_listener(server, &server->listeners[i], &options->listen[i]);
    fflush(stdout);
}

void server_run(struct server *server)
{
    loop_run(&server->loop);
}

void server_stop(struct server *server)
{
    for (size_t i = 0; i < server->options->listen_count; i++)
        watch_close(&server->listeners[i]);
    server->paused = false;
    clients_free(&server->clients);
    watch_close(&server->signals);
    loop_close(&server->loop);
    if (server->options->log)
        close(server->record.fd);
}
