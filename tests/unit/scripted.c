/* The loop and the relay of the tests' own proxy (tests/proxy): what comes in one event with something else is not lost. */
#include "../proxy/bytes.c"
#include "../proxy/loop.c"
#include "../proxy/relay.c"
#include "support/rows.h"

#include <signal.h>

enum { LONG_ENOUGH = 10000, A_MOMENT = 50 }; /* ms */

struct scene {
    struct loop loop;
    struct watch watch;
    struct timer timer;
    int peer; /* the watched socket's, -1: closed */
    int told;
    uint32_t events;
    bool late;
};

static void on_ready(struct watch *watch, uint32_t events)
{
    struct scene *scene = watch->owner;

    scene->told++;
    scene->events = events;
    scene->loop.stopped = true;
}

static void on_time(void *owner)
{
    struct scene *scene = owner;

    scene->late = true;
    scene->loop.stopped = true;
}

static void open_scene(struct scene *scene)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    *scene = (struct scene){ .peer = pair[1], .timer = { .fire = on_time, .owner = scene } };
    scene->watch = (struct watch){ .fd = pair[0], .loop = &scene->loop, .ready = on_ready, .owner = scene };
    loop_open(&scene->loop);
}

static void close_scene(struct scene *scene)
{
    timer_stop(&scene->timer);
    watch_close(&scene->watch);
    if (scene->peer >= 0)
        close(scene->peer);
    loop_close(&scene->loop);
}

static void run_for(struct scene *scene, unsigned milliseconds)
{
    scene->loop.stopped = scene->late = false;
    timer_set(&scene->loop, &scene->timer, milliseconds);
    loop_run(&scene->loop);
}

/* As a target does that writes and closes at once. */
static void peer_speaks_and_goes(struct scene *scene)
{
    assert_int_equal(write(scene->peer, "hi", 2), 2);
    close(scene->peer);
    scene->peer = -1;
}

/* SO_ERROR of the watched socket becomes ECONNRESET: the peer closes without reading. */
static void peer_resets(struct scene *scene)
{
    assert_int_equal(write(scene->watch.fd, "x", 1), 1);
    close(scene->peer);
    scene->peer = -1;
}

static const struct {
    const char *name;
    uint32_t waits_for;
} waiting[] = {
    { "room to write", EPOLLOUT },
    { "bytes", EPOLLIN },
    { "bytes and room to write", EPOLLIN | EPOLLOUT },
    { "the peer's end", EPOLLRDHUP },
};

static void who_waits_is_told_when_a_hang_up_comes_with_it(void **state)
{
    const typeof(*waiting) *row = *state;
    uint32_t waits_for = row->waits_for;
    struct scene scene;

    open_scene(&scene);
    watch_want(&scene.watch, waits_for);
    peer_speaks_and_goes(&scene);
    run_for(&scene, LONG_ENOUGH);
    assert_false(scene.late);
    assert_int_equal(scene.events, waits_for | EPOLLHUP);
    close_scene(&scene);
}

static void who_waits_for_nothing_hears_no_hang_up_until_he_does(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    watch_want(&scene.watch, 0);
    peer_speaks_and_goes(&scene);
    run_for(&scene, A_MOMENT);
    assert_true(scene.late);
    assert_int_equal(scene.told, 0);
    assert_false(scene.watch.registered); /* or the loop would never rest */
    watch_want(&scene.watch, EPOLLIN);
    run_for(&scene, LONG_ENOUGH);
    assert_false(scene.late);
    assert_int_equal(scene.events, EPOLLIN | EPOLLHUP);
    close_scene(&scene);
}

static void who_waits_for_nothing_is_told_of_an_error(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    watch_want(&scene.watch, 0);
    peer_resets(&scene);
    run_for(&scene, LONG_ENOUGH);
    assert_false(scene.late);
    assert_int_equal(scene.events, EPOLLERR | EPOLLHUP);
    close_scene(&scene);
}

/* A client that speaks at once, and a target that has said all and is gone. */
static void what_the_target_said_arrives_though_it_reads_nothing(void **state)
{
    struct pipe up = { 0 }, down = { 0 };
    struct scene near, far;
    char got[8];

    (void)state;
    open_scene(&near);
    open_scene(&far);
    assert_int_equal(write(near.peer, "early", 5), 5);
    peer_speaks_and_goes(&far);
    relay_event(&up, &near.watch, EPOLLIN);
    assert_int_equal(relay_move(&up, &down, &near.watch, &far.watch), RELAY_BROKEN);
    assert_int_equal(recv(near.peer, got, sizeof got, MSG_DONTWAIT), 2);
    assert_memory_equal(got, "hi", 2);
    pipe_free(&up);
    pipe_free(&down);
    close_scene(&near);
    close_scene(&far);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    ROWS(waiting, who_waits_is_told_when_a_hang_up_comes_with_it);
    STORY(who_waits_for_nothing_hears_no_hang_up_until_he_does);
    STORY(who_waits_for_nothing_is_told_of_an_error);
    STORY(what_the_target_said_arrives_though_it_reads_nothing);
    return rows_run("scripted");
}
