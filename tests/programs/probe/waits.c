/* connect() that has to wait: SO_SNDTIMEO, and signals that interrupt it. */
#include "queue.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void send_timeout(void)
{
    int fd = before_a_queue();
    int64_t start = now_ms();

    limit(fd, SO_SNDTIMEO, 300);
    say("%s", connected(fd, &slow));
    say("%s", elapsed(start, 300));
    say_in_progress(fd);
    start = now_ms();
    say("%s", connected(fd, &slow));
    say("%s", elapsed(start, 300));
    start = now_ms();
    say("send %s", outcome(send(fd, "x", 1, 0)));
    say("%s", elapsed(start, 300));
    say_limit(fd, SO_SNDTIMEO, "SO_SNDTIMEO");
    limit(fd, SO_SNDTIMEO, 0);
    say_end(fd);
}

/* Not even as long as the kernel's own part takes. */
static void short_send_timeout(void)
{
    int fd = before_a_queue();
    int64_t start = now_ms();

    limit(fd, SO_SNDTIMEO, 20);
    say("%s", connected(fd, &slow));
    say("%s", now_ms() - start < 300 ? "soon" : "late");
    say("%s", connected(fd, &slow));
    say_limit(fd, SO_SNDTIMEO, "SO_SNDTIMEO");
    say_in_progress(fd);
    limit(fd, SO_SNDTIMEO, 5000);
    say_end(fd);
    say_limit(fd, SO_SNDTIMEO, "SO_SNDTIMEO");
}

static void long_send_timeout(void)
{
    int fd = tcp(), listening = listener();
    struct address good = address_of(listening), bad = refusing();

    limit(fd, SO_SNDTIMEO, 3000);
    say("%s", connected(fd, &bad));
    say_limit(fd, SO_SNDTIMEO, "SO_SNDTIMEO");
    say("%s", connected(fd, &good));
    say_limit(fd, SO_SNDTIMEO, "SO_SNDTIMEO");
    say_open(fd, listening, &good);
}

/* What ends while nobody waits. */
static void ends_meanwhile(void)
{
    int fd = before_a_queue();

    limit(fd, SO_SNDTIMEO, 100);
    say("%s", connected(fd, &slow));
    make_room();
    usleep(1500 * 1000);
    say("poll %s", poll_bits(fd, 0));
    say("peer %s", peer_is(fd, &slow));
    say("SO_ERROR %d", option(fd, SOL_SOCKET, SO_ERROR));
    say("%s", connected(fd, &slow));
    say("%s", connected(fd, &slow));
    say_exchange(fd, full);
}

static void fails_meanwhile(void)
{
    int fd = before_a_queue();

    limit(fd, SO_SNDTIMEO, 100);
    say("%s", connected(fd, &slow));
    limit(fd, SO_SNDTIMEO, 30000); /* what follows has the time that it takes */
    close(full);                   /* the next SYN is refused */
    usleep(1500 * 1000);
    say_state(fd, "failed");
    full = listener();
    slow = address_of(full);
    say("%s", connected(fd, &slow));
    say("%s", connected(fd, &slow));
    say_exchange(fd, full);
}

static void fails_and_connect(void)
{
    int fd = before_a_queue();

    limit(fd, SO_SNDTIMEO, 100);
    say("%s", connected(fd, &slow));
    limit(fd, SO_SNDTIMEO, 30000); /* what follows has the time that it takes */
    close(full);
    usleep(1500 * 1000);
    full = listener();
    slow = address_of(full);
    for (int i = 0; i < 3; i++)
        say("%s", connected(fd, &slow));
    say_exchange(fd, full);
}

static void receive_timeout(void)
{
    int fd = before_a_queue();

    limit(fd, SO_RCVTIMEO, 50);
    handle(SIGALRM, SA_RESTART);
    make_room();
    say("%s", connected(fd, &slow));
    say_limit(fd, SO_RCVTIMEO, "SO_RCVTIMEO");
    say_exchange(fd, full);
}

static void interrupted(void)
{
    int fd = before_a_queue();
    int64_t start = now_ms();

    handle(SIGALRM, 0);
    alarm_in(200);
    say("%s", connected(fd, &slow));
    say("handler ran %d", handled);
    say("%s", elapsed(start, 200));
    say_in_progress(fd);
    alarm_in(200);
    say("%s", connected(fd, &slow));
    say("handler ran %d", handled);
    say_end(fd);
}

static void interrupted_then_refused(void)
{
    int fd = before_a_queue();

    handle(SIGALRM, 0);
    alarm_in(200);
    say("%s", connected(fd, &slow));
    close(full);
    say("then %s", connected(fd, &slow));
    say_state(fd, "failed");
    full = listener();
    slow = address_of(full);
    say("a good target: %s", connected(fd, &slow));
    say_exchange(fd, full);
}

static void interrupted_then_sends(void)
{
    int fd = before_a_queue(), accepted;
    char buffer[8] = "";

    handle(SIGALRM, 0);
    alarm_in(200);
    say("%s", connected(fd, &slow));
    make_room();
    say("send %s", outcome(send(fd, "early", 5, 0)));
    accepted = accept(full, NULL, NULL);
    say("they hear %s", outcome(recv(accepted, buffer, sizeof buffer, 0)));
    say("which is '%s'", buffer);
    say("%s", connected(fd, &slow));
    say("%s", connected(fd, &slow));
    say("peer %s", peer_is(fd, &slow));
}

static void *greet(void *nothing)
{
    int accepted;

    make_room();
    accepted = accept(full, NULL, NULL);
    send(accepted, "hello", 5, 0);
    return nothing;
}

static void interrupted_then_receives(void)
{
    int fd = before_a_queue();
    char buffer[8] = "";
    pthread_t thread;

    handle(SIGALRM, 0);
    alarm_in(200);
    say("%s", connected(fd, &slow));
    pthread_create(&thread, NULL, greet, NULL);
    say("recv %s", outcome(recv(fd, buffer, sizeof buffer, 0)));
    say("which is '%s'", buffer);
    pthread_join(thread, NULL);
    say("%s", connected(fd, &slow));
    say("%s", connected(fd, &slow));
}

static void interrupted_then(void (*act)(int fd), const char *what)
{
    int fd = before_a_queue();

    handled = 0;
    handle(SIGALRM, 0);
    alarm_in(150);
    say("%s: %s", what, connected(fd, &slow));
    act(fd);
    close(fd);
}

static void give_up_by_unspec(int fd)
{
    static const struct address none = { .size = sizeof(struct sockaddr) };
    int listening = listener();
    struct address good = address_of(listening);

    say("AF_UNSPEC %s", connected(fd, &none));
    say_state(fd, "given up");
    say("%s", connected(fd, &good));
    say_open(fd, listening, &good);
}

static void give_up_by_shutdown(int fd)
{
    say("shutdown with a bad how %s", outcome(shutdown(fd, 7)));
    say("shutdown %s", outcome(shutdown(fd, SHUT_WR)));
    say_state(fd, "shut down");
}

static void give_up_by_close(int fd)
{
    int number = fd, listening = listener();
    struct address good = address_of(listening);

    say("close %s", outcome(close(fd)));
    tcp_at(number);
    say("a new one: peer %s", peer_is(number, &good));
    say("a new one: poll %s", poll_bits(number, 0));
    say("%s", connected(number, &good));
    say_open(number, listening, &good);
}

static void bind_or_listen(int fd)
{
    struct address any = loopback(0);
    char byte;

    say("bind %s", outcome(bind(fd, (struct sockaddr *)&any.at, any.size)));
    say("listen %s", outcome(listen(fd, 5)));
    say("recv %s", outcome(recv(fd, &byte, 1, MSG_DONTWAIT)));
    say("peek %s", outcome(recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK)));
    say("nothing %s", outcome(recv(fd, &byte, 0, MSG_DONTWAIT)));
    say("out of band %s", outcome(recv(fd, &byte, 1, MSG_DONTWAIT | MSG_OOB)));
    say("send %s", outcome(send(fd, "x", 1, MSG_DONTWAIT)));
    say("send nothing %s", outcome(send(fd, "x", 0, MSG_DONTWAIT)));
    say("NULL %s", outcome(connect(fd, NULL, any.size)));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    say("without blocking: connect %s", connected(fd, &slow));
    say("without blocking: short %s", outcome(connect(fd, (struct sockaddr *)&any.at, 3)));
    fcntl(fd, F_SETFL, 0);
    say_end(fd);
}

static void interrupted_and_given_up(void)
{
    interrupted_then(give_up_by_unspec, "AF_UNSPEC");
    interrupted_then(give_up_by_shutdown, "shutdown");
    interrupted_then(give_up_by_close, "close");
    interrupted_then(bind_or_listen, "other calls");
}

const struct row wait_rows[] = {
    { "SO_SNDTIMEO", send_timeout },
    { "SO_SNDTIMEO, short", short_send_timeout },
    { "SO_SNDTIMEO, long", long_send_timeout },
    { "SO_SNDTIMEO, opens meanwhile", ends_meanwhile },
    { "SO_SNDTIMEO, fails meanwhile", fails_meanwhile },
    { "SO_SNDTIMEO, fails, connect", fails_and_connect },
    { "SO_RCVTIMEO", receive_timeout },
    { "EINTR", interrupted },
    { "EINTR, then refused", interrupted_then_refused },
    { "EINTR, then send", interrupted_then_sends },
    { "EINTR, then recv", interrupted_then_receives },
    { "EINTR, then given up", interrupted_and_given_up },
    { 0 },
};
