/* Children of all kinds: their descriptors are their own, the parent's tables stay true. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int fd, listening, full;
static struct address good, slow;

static void open_tunnel(void)
{
    listening = listener();
    good = address_of(listening);
    fd = tcp();
    say("%s", connected(fd, &good));
}

static void pending_one(void)
{
    struct timeval time = { 0, 100000 };

    full = full_listener();
    slow = address_of(full);
    fd = tcp();
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    say("%s", connected(fd, &slow));
    time = (struct timeval){ 0 };
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

static void finish_pending(void)
{
    drain(full);
    say("then: %s", connected(fd, &slow));
    say("again: %s", connected(fd, &slow));
    say("again: peer %s", peer_is(fd, &slow));
    say_exchange(fd, full);
}

static void child_of_open(void)
{
    say("child: peer %s", peer_is(fd, &good));
    say("child: again %s", connected(fd, &good));
    close(fd);
    say("child: closed, peer %s", peer_is(fd, &good));
    fd = tcp_at(fd);
    say("child: a new one");
    say("child: %s", connected(fd, &good));
    say("child: peer %s", peer_is(fd, &good));
}

static void forked_open(void)
{
    open_tunnel();
    in_child(child_of_open);
    say("parent: peer %s", peer_is(fd, &good));
    say_exchange(fd, listening);
}

static void child_closes(void)
{
    say("child: peer %s", peer_is(fd, &slow));
    say("child: close %s", outcome(close(fd)));
    open_tunnel();
    say_open(fd, listening, &good);
}

static void forked_pending(void)
{
    pending_one();
    in_child(child_closes);
    say("parent: peer %s", peer_is(fd, &slow));
    say("parent: poll %s", poll_bits(fd, 0));
    finish_pending();
}

/* The child finishes what the parent began. */
static void child_of_pending(void)
{
    finish_pending();
}

static void forked_pending_child_ends_it(void)
{
    pending_one();
    in_child(child_of_pending);
    say("parent: peer %s", peer_is(fd, &slow));
    say("parent: %s", connected(fd, &slow));
}

/* And the other way round. */
static void child_waits(void)
{
    say("child: %s", connected(fd, &slow));
    say("child: peer %s", peer_is(fd, &slow));
}

static void forked_pending_both(void)
{
    pid_t pid;
    int status;

    pending_one();
    pid = fork();
    if (pid == 0) {
        usleep(2000 * 1000);
        child_waits();
        _exit(0);
    }
    drain(full);
    say("parent: poll %s", poll_bits(fd, 5000));
    say("parent: peer %s", peer_is(fd, &slow));
    waitpid(pid, &status, 0);
    say_exchange(fd, full);
}

static atomic_bool stop;

static void *connect_often(void *nothing)
{
    int here = listener();
    struct address target = address_of(here);

    while (!stop) {
        int own = tcp();
        const char *result = connected(own, &target);

        close(own);
        if (strcmp(result, "0") == 0)
            close(accept(here, NULL, NULL));
        else
            say("a thread: %s", result);
        usleep(500);
    }
    return nothing;
}

static void child_connects(void)
{
    open_tunnel();
    say_open(fd, listening, &good);
}

/* Locks that some thread held at that moment are not held for ever. */
static void forked_threaded(void)
{
    pthread_t threads[3];

    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, connect_often, NULL);
    for (int i = 0; i < 30; i++)
        in_child(child_connects);
    stop = true;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

static void raw_fork(void)
{
    int status;
    pid_t pid;

    open_tunnel();
    pid = (pid_t)syscall(SYS_fork);
    if (pid == 0) {
        child_of_open();
        syscall(SYS_exit_group, 0);
    }
    waitpid(pid, &status, 0);
    say("parent: peer %s", peer_is(fd, &good));
    pending_one();
    pid = _Fork();
    if (pid == 0) {
        child_closes();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    finish_pending();
}

/* vfork(2): our memory, its own descriptors. What it does to them is not done to ours. */
static void borrow(void (*act)(void))
{
    int status;
    pid_t pid = vfork();

    if (pid == 0) {
        act();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    say("child ended with %x", status);
}

static void close_all(void)
{
    close(fd);
    close_range(3, 900, 0);
    closefrom(3);
}

static void close_one(void)
{
    close(fd);
}

static void replace(void)
{
    int null = open("/dev/null", O_RDWR);

    dup2(null, fd);
    dup3(null, fd, O_CLOEXEC);
}

static void duplicate_over(void)
{
    dup2(fd, 0);
    dup2(fd, 1);
    fcntl(fd, F_DUPFD, 300);
}

static void vfork_open(void)
{
    static void (*const acts[])(void) = { close_one, close_all, replace, duplicate_over };

    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        open_tunnel();
        borrow(acts[i]);
        say("parent: peer %s", peer_is(fd, &good));
        say("parent: 0 is %s", peer_is(0, &good));
        say("parent: 300 is %s", peer_is(300, &good));
        say_exchange(fd, listening);
    }
}

static void vfork_pending(void)
{
    static void (*const acts[])(void) = { close_one, close_all, replace, duplicate_over };

    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        pending_one();
        borrow(acts[i]);
        say("parent: peer %s", peer_is(fd, &slow));
        say("parent: poll %s", poll_bits(fd, 0));
        finish_pending();
    }
}

static void *vfork_thread(void *nothing)
{
    borrow(close_all);
    return nothing;
}

static void vfork_in_thread(void)
{
    pthread_t thread;

    pending_one();
    pthread_create(&thread, NULL, vfork_thread, NULL);
    pthread_join(thread, NULL);
    say("parent: peer %s", peer_is(fd, &slow));
    say("parent: poll %s", poll_bits(fd, 0));
    finish_pending();
}

static void spawned(void)
{
    char *arguments[] = { "sh", "-c", "exit 7", NULL };
    posix_spawn_file_actions_t actions;
    int status, result;
    pid_t pid = 0;

    open_tunnel();
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, fd);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    result = posix_spawn(&pid, "/bin/sh", &actions, NULL, arguments, environ);
    say("spawn %s", error_name(result));
    waitpid(pid, &status, 0);
    say("ended with %x", status);
    say("system: %x", system("exit 3"));
    say("parent: peer %s", peer_is(fd, &good));
    say_exchange(fd, listening);
}

/* One inherits an open tunnel on its standard input: bytes go both ways. */
static void executed(void)
{
    int accepted, status;
    char buffer[16] = "";
    pid_t pid;

    open_tunnel();
    accepted = accept(listening, NULL, NULL);
    pid = fork();
    if (pid == 0) {
        dup2(fd, 0);
        dup2(fd, 1);
        execl("/bin/sh", "sh", "-c", "read word; echo \"got $word\"", NULL);
        _exit(127);
    }
    send(accepted, "word\n", 5, 0);
    say("they hear %s", outcome(recv(accepted, buffer, 9, MSG_WAITALL)));
    say("which is '%.8s'", buffer);
    waitpid(pid, &status, 0);
    say("ended with %x", status);
}

static void stdio(void)
{
    int accepted;
    char line[16] = "";
    FILE *stream;

    open_tunnel();
    accepted = accept(listening, NULL, NULL);
    stream = fdopen(fd, "r+");
    say("dprintf %s", outcome(dprintf(fd, "a line\n")));
    say("they hear %s", outcome(recv(accepted, line, sizeof line, 0)));
    send(accepted, "hello\n", 6, 0);
    say("fgets %s", fgets(line, sizeof line, stream) ? line : "nothing");
    say("peer %s", peer_is(fileno(stream), &good));
    say("fclose %s", outcome(fclose(stream)));
}

const struct row process_rows[] = {
    { "fork with an open one", forked_open },
    { "fork with a pending one", forked_pending },
    { "fork, the child ends it", forked_pending_child_ends_it },
    { "fork, the parent ends it", forked_pending_both },
    { "fork in a threaded program", forked_threaded },
    { "_Fork and SYS_fork", raw_fork },
    { "vfork with an open one", vfork_open },
    { "vfork with a pending one", vfork_pending },
    { "vfork in a thread", vfork_in_thread },
    { "posix_spawn and system", spawned },
    { "exec", executed },
    { "stdio", stdio },
    { 0 },
};
