/* connect() that has to wait, and signals that do not end it; and connect() in a handler. */
#include "queue.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* Handlers may accept(). */
static void make_room_at(int number)
{
    (void)number;
    handled++;
    make_room();
}

static void restarted(void)
{
    struct sigaction action = { .sa_handler = make_room_at, .sa_flags = SA_RESTART };
    int fd = before_a_queue();

    sigaction(SIGALRM, &action, NULL);
    alarm_in(200);
    say("%s", connected(fd, &slow));
    say("handler ran %d", handled);
    say_exchange(fd, full);
}

static void restarted_often(void)
{
    struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
    int fd = before_a_queue();

    make_room();
    handle(SIGALRM, SA_RESTART);
    setitimer(ITIMER_REAL, &often, NULL);
    say("%s", connected(fd, &slow));
    say("handler ran %s", handled > 10 ? "often" : "not often");
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
    say_exchange(fd, full);
}

static void restarted_with_timeout(void)
{
    int fd = before_a_queue();

    limit(fd, SO_SNDTIMEO, 5000);
    handle(SIGALRM, SA_RESTART);
    alarm_in(200);
    say("%s", connected(fd, &slow));
    say_in_progress(fd);
    say_limit(fd, SO_SNDTIMEO, "SO_SNDTIMEO");
    say_end(fd);
}

static void blocked_signal(void)
{
    int fd = before_a_queue();
    sigset_t set, pending;

    handle(SIGALRM, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    alarm_in(100);
    make_room();
    say("%s", connected(fd, &slow));
    say("handler ran %d", handled);
    sigpending(&pending);
    say("pending %d", sigismember(&pending, SIGALRM));
    say_exchange(fd, full);
}

static void ignored_signal(void)
{
    int fd = before_a_queue();

    signal(SIGALRM, SIG_IGN);
    alarm_in(100);
    make_room();
    say("%s", connected(fd, &slow));
    say_exchange(fd, full);
}

/* Stopped and continued: no handler, no EINTR. */
static void stopped(void)
{
    pid_t self = getpid(), pid;
    int fd = before_a_queue(), status;

    make_room();
    pid = fork();
    if (pid == 0) {
        usleep(200 * 1000);
        kill(self, SIGSTOP);
        usleep(200 * 1000);
        kill(self, SIGCONT);
        _exit(0);
    }
    say("%s", connected(fd, &slow));
    waitpid(pid, &status, 0);
    say_exchange(fd, full);
}

static int from_handler;

static void connect_in_handler(int number)
{
    int listening = listener();
    struct address good = address_of(listening), bad = refusing();
    int saved = errno;

    (void)number;
    from_handler = tcp();
    say("in the handler: %s", connected(from_handler, &bad));
    say("in the handler: %s", connected(from_handler, &good));
    say("in the handler: peer %s", peer_is(from_handler, &good));
    say_exchange(from_handler, listening);
    if (full)
        make_room();
    errno = saved;
}

static void in_handler(void)
{
    struct sigaction action = { .sa_handler = connect_in_handler, .sa_flags = SA_RESTART };

    sigaction(SIGALRM, &action, NULL);
    raise(SIGALRM);
}

static void in_handler_of_connect(void)
{
    struct sigaction action = { .sa_handler = connect_in_handler, .sa_flags = SA_RESTART };
    int fd = before_a_queue();

    sigaction(SIGALRM, &action, NULL);
    alarm_in(200);
    say("%s", connected(fd, &slow));
    say_exchange(fd, full);
}

static int same_socket;

static void same_in_handler(int number)
{
    int saved = errno;

    (void)number;
    say("in the handler: poll %s", poll_bits(same_socket, 0));
    say("in the handler: peer %s", peer_is(same_socket, &slow));
    say("in the handler: SO_ERROR %d", option(same_socket, SOL_SOCKET, SO_ERROR));
    make_room();
    errno = saved;
}

static void same_socket_in_handler(void)
{
    struct sigaction action = { .sa_handler = same_in_handler, .sa_flags = SA_RESTART };

    same_socket = before_a_queue();
    sigaction(SIGALRM, &action, NULL);
    alarm_in(200);
    say("%s", connected(same_socket, &slow));
    say_exchange(same_socket, full);
}

static void no_sigpipe(void)
{
    struct address bad = refusing();
    int fd = tcp();

    handle(SIGPIPE, 0);
    for (int i = 0; i < 5; i++)
        say("%s", connected(fd, &bad));
    say("SIGPIPE %d", handled);
}

const struct row signal_rows[] = {
    { "SA_RESTART", restarted },
    { "SA_RESTART, often", restarted_often },
    { "SA_RESTART and SO_SNDTIMEO", restarted_with_timeout },
    { "blocked signal", blocked_signal },
    { "ignored signal", ignored_signal },
    { "stopped and continued", stopped },
    { "in a signal handler", in_handler },
    { "in a signal handler, in connect", in_handler_of_connect },
    { "asked in a signal handler", same_socket_in_handler },
    { "no SIGPIPE", no_sigpipe },
    { 0 },
};
