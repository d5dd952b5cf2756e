/* One direction of ptunnel's tunnels, between two pairs of sockets. */
#include "../../helper/relay/buffers.c"
#include "../../helper/relay/flow.c"
#include "support/rows.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>

struct scene {
    int sender, from; /* connected to each other */
    int to, receiver; /* as these */
    struct flow flow;
    struct buffers buffers;
};

static void make_pair(int *one, int *other)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    getsockname(listener, (struct sockaddr *)&address, &size);
    *one = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(*one, (struct sockaddr *)&address, size), 0);
    *other = accept(listener, NULL, NULL);
    assert_true(*other >= 0);
    close(listener);
    fcntl(*one, F_SETFL, O_NONBLOCK);
    fcntl(*other, F_SETFL, O_NONBLOCK);
}

static struct scene open_scene(void)
{
    struct scene scene = { .buffers.spare = NULL };

    signal(SIGPIPE, SIG_IGN);
    make_pair(&scene.sender, &scene.from);
    make_pair(&scene.to, &scene.receiver);
    flow_start(&scene.flow, scene.from, scene.to);
    return scene;
}

static void close_scene(struct scene *scene)
{
    int const fds[] = { scene->sender, scene->from, scene->to, scene->receiver };

    assert_null(scene->flow.held);
    for (size_t i = 0; i < COUNT(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    buffers_free(&scene->buffers);
}

static void reset(int *fd)
{
    struct linger at_once = { .l_onoff = 1 };

    setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(*fd);
    *fd = -1;
}

static enum flow_next run_ready(struct scene *scene)
{
    flow_from_ready(&scene->flow, EPOLLIN);
    flow_to_ready(&scene->flow, EPOLLOUT, &scene->buffers);
    return flow_run(&scene->flow, &scene->buffers);
}

static void bytes_then_the_end_arrive(void **state)
{
    struct scene scene = open_scene();
    char got[8];

    (void)state;
    assert_int_equal(write(scene.sender, "hello", 5), 5);
    assert_int_equal(run_ready(&scene), FLOW_WAIT);
    assert_false(scene.flow.readable); /* a short read needs no second one */
    assert_int_equal(read(scene.receiver, got, sizeof got), 5);
    shutdown(scene.sender, SHUT_WR);
    flow_from_ready(&scene.flow, EPOLLIN | EPOLLRDHUP);
    flow_run(&scene.flow, &scene.buffers);
    assert_true(scene.flow.ended);
    assert_false(scene.flow.from_lost || scene.flow.to_lost);
    assert_int_equal(read(scene.receiver, got, sizeof got), 0);
    close_scene(&scene);
}

/* What the dial has read behind the proxy's reply comes first. */
static void bytes_that_somebody_else_has_read_come_first(void **state)
{
    struct scene scene = open_scene();
    char got[16];

    (void)state;
    flow_begin(&scene.flow, "hello ", 6, true, &scene.buffers);
    assert_int_equal(write(scene.sender, "there", 5), 5);
    assert_int_equal(run_ready(&scene), FLOW_WAIT);
    assert_int_equal(recv(scene.receiver, got, 11, MSG_WAITALL), 11);
    assert_memory_equal(got, "hello there", 11);
    close_scene(&scene);
}

static void nothing_is_read_before_an_event_says_so(void **state)
{
    struct scene scene = open_scene();
    char got[8];

    (void)state;
    assert_int_equal(write(scene.sender, "hello", 5), 5);
    assert_int_equal(flow_run(&scene.flow, &scene.buffers), FLOW_WAIT);
    assert_int_equal(read(scene.receiver, got, sizeof got), -1);
    flow_from_always(&scene.flow);
    assert_int_equal(flow_run(&scene.flow, &scene.buffers), FLOW_WAIT);
    assert_int_equal(read(scene.receiver, got, sizeof got), 5);
    close_scene(&scene);
}

/* Closing says it, too: no call of its own. */
static void the_last_end_is_left_to_the_one_that_closes(void **state)
{
    struct scene scene = open_scene();
    char got[8];

    (void)state;
    scene.flow.last = true;
    shutdown(scene.sender, SHUT_WR);
    flow_from_ready(&scene.flow, EPOLLIN | EPOLLRDHUP);
    flow_run(&scene.flow, &scene.buffers);
    assert_true(scene.flow.ended);
    assert_int_equal(read(scene.receiver, got, sizeof got), -1);
    close_scene(&scene);
}

enum { MANY = 32 * 1024 * 1024 };

static unsigned char byte_at(size_t position)
{
    return (unsigned char)(position % 251);
}

static size_t send_some(int fd, size_t sent)
{
    static unsigned char bytes[200000];
    size_t size = MANY - sent < sizeof bytes ? MANY - sent : sizeof bytes;
    ssize_t wrote;

    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(sent + i);
    wrote = send(fd, bytes, size, 0);
    return wrote > 0 ? (size_t)wrote : 0;
}

static size_t hear_some(int fd, size_t heard)
{
    static unsigned char bytes[150000];
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);

    for (ssize_t i = 0; i < got; i++)
        if (bytes[i] != byte_at(heard + (size_t)i))
            fail_msg("byte %zu is not the one that was sent", heard + (size_t)i);
    return got > 0 ? (size_t)got : 0;
}

static void everything_arrives_in_order(void **state)
{
    struct scene scene = open_scene();
    size_t sent = 0, heard = 0;

    (void)state;
    while (heard < MANY) {
        sent += send_some(scene.sender, sent);
        run_ready(&scene);
        heard += hear_some(scene.receiver, heard);
    }
    close_scene(&scene);
}

static void a_receiver_that_does_not_read_is_not_read_for(void **state)
{
    struct scene scene = open_scene();
    static char block[65536];
    int idle = 0;

    (void)state;
    while (idle < 100) { /* in a row, so that the kernel's queues are full */
        ssize_t wrote = send(scene.sender, block, sizeof block, 0);

        assert_int_not_equal(run_ready(&scene), FLOW_AGAIN);
        idle = wrote > 0 ? 0 : idle + 1;
    }
    assert_false(scene.flow.writable);
    assert_non_null(scene.flow.held);
    flow_lose_to(&scene.flow, &scene.buffers);
    assert_true(scene.flow.ended && scene.flow.to_lost);
    close_scene(&scene);
}

static void a_reset_sender_loses_nothing_that_came_before(void **state)
{
    struct scene scene = open_scene();
    char got[8];

    (void)state;
    assert_int_equal(write(scene.sender, "hello", 5), 5);
    assert_int_equal(run_ready(&scene), FLOW_WAIT);
    reset(&scene.sender);
    flow_from_ready(&scene.flow, EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    flow_run(&scene.flow, &scene.buffers);
    assert_true(scene.flow.ended && scene.flow.from_lost);
    assert_int_equal(read(scene.receiver, got, sizeof got), 5);
    assert_int_equal(read(scene.receiver, got, sizeof got), -1); /* and no end of file */
    close_scene(&scene);
}

static void a_reset_receiver_ends_it(void **state)
{
    struct scene scene = open_scene();

    (void)state;
    reset(&scene.receiver);
    assert_int_equal(write(scene.sender, "hello", 5), 5);
    run_ready(&scene);
    assert_true(scene.flow.ended && scene.flow.to_lost);
    close_scene(&scene);
}

static void one_flow_does_not_keep_the_others_waiting(void **state)
{
    struct scene scene = open_scene();
    static char block[BUFFER_SIZE];

    (void)state;
    for (int i = 0; i < 10 * SHARE; i++) {
        send(scene.sender, block, sizeof block, 0);
        recv(scene.receiver, block, sizeof block, 0);
        if (run_ready(&scene) == FLOW_AGAIN)
            break;
    }
    while (run_ready(&scene) == FLOW_AGAIN)
        continue;
    flow_lose_to(&scene.flow, &scene.buffers);
    close_scene(&scene);
}

int main(void)
{
    STORY(bytes_then_the_end_arrive);
    STORY(bytes_that_somebody_else_has_read_come_first);
    STORY(nothing_is_read_before_an_event_says_so);
    STORY(the_last_end_is_left_to_the_one_that_closes);
    STORY(everything_arrives_in_order);
    STORY(a_receiver_that_does_not_read_is_not_read_for);
    STORY(a_reset_sender_loses_nothing_that_came_before);
    STORY(a_reset_receiver_ends_it);
    STORY(one_flow_does_not_keep_the_others_waiting);
    return rows_run("flow");
}
