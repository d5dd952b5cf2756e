/* Several threads, and one that is cancelled. */
#include "probe.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 16, ROUNDS = 5 };

static int shared = -1, full;
static struct address good, slow, bad;
static atomic_int right, refused_count;

static void *connect_often(void *nothing)
{
    for (int i = 0; i < ROUNDS; i++) {
        int fd = tcp();

        refused_count += strcmp(connected(fd, &bad), "ECONNREFUSED") == 0;
        right += strcmp(connected(fd, &good), "0") == 0 && strcmp(peer_is(fd, &good), "target") == 0;
        close(fd);
    }
    return nothing;
}

static void at_once(void)
{
    pthread_t threads[THREADS];
    int listening = socket(mode.family, SOCK_STREAM, 0);
    struct address any = loopback(0);

    if (bind(listening, (struct sockaddr *)&any.at, any.size) < 0 ||
        listen(listening, THREADS * ROUNDS * 2) < 0)
        fail("listen");
    good = address_of(listening);
    bad = refusing();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, connect_often, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    say("right %d, refused %d", right, refused_count);
}

static void before_a_queue(void)
{
    full = full_listener();
    slow = address_of(full);
    shared = tcp();
}

static char said_in_thread[64];

/* Said when the thread has been joined: lines have an order. */
static void *connect_shared(void *nothing)
{
    strcpy(said_in_thread, connected(shared, &slow));
    return nothing;
}

static void say_usable(void)
{
    int listening = listener();

    good = address_of(listening);
    say("another socket: %s", connected(tcp(), &good));
    say("this one: SO_ERROR %d", option(shared, SOL_SOCKET, SO_ERROR));
    say("this one: poll %s", poll_bits(shared, 0));
    say("this one: peer %s", peer_is(shared, &slow));
    drain(full);
    say("this one: %s", connected(shared, &slow));
    say("this one: %s", connected(shared, &slow));
    say_exchange(shared, full);
}

static void cancelled(void)
{
    pthread_t thread;
    void *result;

    before_a_queue();
    pthread_create(&thread, NULL, connect_shared, NULL);
    usleep(200 * 1000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    say("%s", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
    say_usable();
}

static void *connect_asynchronously(void *nothing)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    return connect_shared(nothing);
}

static void cancelled_asynchronously(void)
{
    pthread_t thread;
    void *result;

    before_a_queue();
    pthread_create(&thread, NULL, connect_asynchronously, NULL);
    usleep(200 * 1000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    say("%s", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
    say_usable();
}

static void *connect_cancelled_before(void *nothing)
{
    pthread_cancel(pthread_self());
    return connect_shared(nothing);
}

/* A request that is there already is acted on in connect(), before anything is done. */
static void cancelled_before(void)
{
    pthread_t thread;
    void *result;

    before_a_queue();
    pthread_create(&thread, NULL, connect_cancelled_before, NULL);
    pthread_join(thread, &result);
    say("%s", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
    say("poll %s", poll_bits(shared, 0));
}

static void *connect_not_to_be_cancelled(void *nothing)
{
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cancel(pthread_self());
    return connect_shared(nothing);
}

static void not_to_be_cancelled(void)
{
    pthread_t thread;
    void *result;

    before_a_queue();
    drain(full);
    said_in_thread[0] = '\0';
    pthread_create(&thread, NULL, connect_not_to_be_cancelled, NULL);
    pthread_join(thread, &result);
    say("%s, %s", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled", said_in_thread);
    say_exchange(shared, full);
}

/* While one thread is in connect(), another uses the socket. */
static void meanwhile(void (*act)(void))
{
    pthread_t thread;

    before_a_queue();
    pthread_create(&thread, NULL, connect_shared, NULL);
    usleep(200 * 1000);
    act();
    pthread_join(thread, NULL);
    say("the thread: %s", said_in_thread);
}

static void look(void)
{
    say("SO_ERROR %d", option(shared, SOL_SOCKET, SO_ERROR));
    say("poll %s", poll_bits(shared, 0));
    say("peer %s", peer_is(shared, &slow));
    drain(full);
    say("poll %s", poll_bits(shared, 5000));
    say("peer %s", peer_is(shared, &slow));
}

static void receive(void)
{
    int accepted;
    char buffer[8] = "";

    drain(full);
    accepted = accept(full, NULL, NULL);
    send(accepted, "hello", 5, 0);
    say("recv %s", outcome(recv(shared, buffer, sizeof buffer, 0)));
    say("which is '%s'", buffer);
}

static void send_early(void)
{
    int accepted;
    char buffer[8] = "";

    drain(full);
    say("send %s", outcome(send(shared, "early", 5, 0)));
    accepted = accept(full, NULL, NULL);
    say("they hear %s", outcome(recv(accepted, buffer, sizeof buffer, 0)));
    say("which is '%s'", buffer);
}

static void close_it(void)
{
    say("close %s", outcome(close(shared)));
    drain(full);
}

static void shut_it_down(void)
{
    say("shutdown %s", outcome(shutdown(shared, SHUT_RDWR)));
    usleep(100 * 1000);
    say_state(shared, "shut down");
}

static void dissolve_it(void)
{
    static const struct address none = { .size = sizeof(struct sockaddr) };

    say("AF_UNSPEC %s", connected(shared, &none));
    usleep(100 * 1000);
    say_state(shared, "dissolved");
}

static void duplicate_it(void)
{
    int copy = dup(shared);

    say("copy: peer %s", peer_is(copy, &slow));
    say("copy: poll %s", poll_bits(copy, 0));
    drain(full);
    say("copy: poll %s", poll_bits(copy, 5000));
    say("copy: peer %s", peer_is(copy, &slow));
    say_exchange(copy, full);
}

static void looked_at(void)
{
    meanwhile(look);
}

static void received_from(void)
{
    meanwhile(receive);
}

static void sent_to(void)
{
    meanwhile(send_early);
}

static void closed(void)
{
    meanwhile(close_it);
}

static void shut_down(void)
{
    meanwhile(shut_it_down);
}

static void dissolved(void)
{
    meanwhile(dissolve_it);
}

static void duplicated(void)
{
    meanwhile(duplicate_it);
}

/* A signal that another thread takes is not this connect()'s. */
static void *sleep_on(void *nothing)
{
    usleep(600 * 1000);
    return nothing;
}

static void signal_elsewhere(void)
{
    pthread_t thread;
    sigset_t set;

    before_a_queue();
    drain(full);
    handle(SIGUSR1, 0);
    pthread_create(&thread, NULL, sleep_on, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR1);
    say("%s", connected(shared, &slow));
    pthread_join(thread, NULL);
    say("handler ran %d", handled);
    say_exchange(shared, full);
}

const struct row thread_rows[] = {
    { "16 threads", at_once },
    { "cancelled", cancelled },
    { "cancelled asynchronously", cancelled_asynchronously },
    { "cancelled before", cancelled_before },
    { "not to be cancelled", not_to_be_cancelled },
    { "looked at by another thread", looked_at },
    { "received from by another thread", received_from },
    { "sent to by another thread", sent_to },
    { "closed by another thread", closed },
    { "shut down by another thread", shut_down },
    { "dissolved by another thread", dissolved },
    { "duplicated by another thread", duplicated },
    { "signal to another thread", signal_elsewhere },
    { 0 },
};
