#include "server.h"
#include "../relay/list.h"
#include "crew.h"
#include "exchanges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HOLD = 10,       /* ms that a question waits for a worker; a guest waits AGENT_WAIT */
    AGAIN = 30,      /* ms after which it may be asked again */
    IDLE = 2000,     /* ms that a connection may last without a question */
    ACCEPT_MOST = 64 /* at a time, so that workers are heard */
};

struct client {
    struct link link;
    struct watch watch;
    int fd;
    struct exchange *exchange; /* whose answer it waits for; NULL: none */
    int64_t until;             /* deadline_now()'s time: then it is told `later` */
    bool stays;
};

static struct loop *loop;
static struct watch listen_watch;
static int listener;
static struct link clients, gone;
static struct timer hold_timer, reaper, ahead_timer;
static int64_t asked_at;
static unsigned users;
static char text[AGENT_FRONT + LEG_FIELD_MOST + 1];
static struct job job;

int64_t server_asked_at(void)
{
    return asked_at;
}

unsigned server_users(void)
{
    return users;
}

/* An event for it may have been fetched already: it is freed behind this round of them. */
static void leave(struct client *client)
{
    if (client->fd < 0)
        return;
    close(client->fd);
    client->fd = -1;
    client->exchange = NULL;
    users -= client->stays;
    list_move(&gone, &client->link);
    loop_set_timer_now(&reaper);
}

static void reap(struct timer *timer)
{
    (void)timer;
    while (!list_is_empty(&gone)) {
        struct client *client = owner_of(gone.next, struct client, link);

        list_remove(&client->link);
        free(client);
    }
}

/* Whoever told of a proxy may stay, and says so by not closing. */
static void send_answer(struct client *client, const char *bytes, size_t size)
{
    client->exchange = NULL;
    if (send(client->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 || !client->stays)
        leave(client);
}

static void send_words(struct client *client, const char *words)
{
    send_answer(client, words, strlen(words));
}

static void send_later(struct client *client, unsigned milliseconds)
{
    char words[32];
    struct text out = text_in(words, sizeof words);

    text_print(&out, "later %u\n", milliseconds);
    send_words(client, words);
}

static void hold(struct client *client, struct exchange *exchange)
{
    client->exchange = exchange;
    client->until = deadline_in(client->stays ? EXCHANGE_LASTS : HOLD).at;
    loop_set_timer(&hold_timer, (struct deadline){ client->until });
}

/* Tokens for the next connections; questions that wait for a worker come first. */
static void make_ahead(struct timer *timer)
{
    struct known *known = crew_is_idle() ? known_that_wants_token() : NULL;
    struct exchange *exchange = NULL;

    (void)timer;
    if (known && (known->ahead || getrandom(&known->ahead, sizeof known->ahead, 0) == sizeof known->ahead))
        exchange = exchanges_find_or_make(known->ahead, known);
    if (!exchange || exchange->working)
        return;
    exchange_make_ahead(exchange, &job);
    crew_give(exchange, &job);
}

static void answer_waiting(struct exchange *exchange)
{
    struct link *next;

    for (struct link *at = clients.next; at != &clients; at = next) {
        struct client *client = owner_of(at, struct client, link);

        next = at->next;
        if (client->exchange == exchange)
            send_answer(client, exchange->answer, exchange->answer_size);
    }
    loop_set_timer_now(&ahead_timer);
}

static void follow(struct client *client, struct exchange *exchange, enum exchange_next next)
{
    switch (next) {
    case EXCHANGE_ANSWER:
        send_answer(client, exchange->answer, exchange->answer_size);
        loop_set_timer_now(&ahead_timer);
        break;
    case EXCHANGE_LATER:
        send_later(client, TRIAL_WAIT);
        break;
    case EXCHANGE_WORK:
        hold(client, exchange);
        crew_give(exchange, &job);
        explicit_bzero(&job, job_size(&job));
        break;
    case EXCHANGE_BUSY:
        hold(client, exchange);
        break;
    }
}

static void ask(struct client *client, const struct question *question)
{
    struct known *known = known_find(question->account);
    struct exchange *exchange = known ? exchanges_find_or_make(question->id, known) : NULL;

    if (!known)
        send_words(client, "fail other the agent was not told of this proxy: start the program with "
                           "ptunnel-run\n");
    else if (!exchange)
        send_later(client, AGAIN);
    else
        follow(client, exchange, exchange_ask(exchange, question, &job));
}

static void hear_end(struct client *client, const struct question *question)
{
    struct exchange *exchange = exchanges_find(question->id);

    if (exchange && strcmp(exchange->known->account, question->account) == 0)
        exchange_ended(exchange, question->word);
    leave(client);
}

/* "PASSWORD\nCCACHE\n" */
static struct known *take_known(const struct question *question)
{
    char password[PROXY_USER_MAX + 1], ccache[CCACHE_SIZE];
    const char *at = question->rest, *end = at + question->rest_size;
    const char *first = memchr(at, '\n', question->rest_size);
    const char *second = first ? memchr(first + 1, '\n', (size_t)(end - first - 1)) : NULL;
    struct known *known = NULL;

    if (second && question_decode(password, sizeof password, at, (size_t)(first - at)) &&
        question_decode(ccache, sizeof ccache, first + 1, (size_t)(second - first - 1)))
        known = known_tell(question->account, password, ccache);
    explicit_bzero(password, sizeof password);
    return known;
}

static void be_told(struct client *client, const struct question *question)
{
    struct known *known = take_known(question);
    struct exchange *exchange;
    uint64_t id = 0;

    client->stays = true;
    users++;
    if (!known || getrandom(&id, sizeof id, 0) != sizeof id ||
        !(exchange = exchanges_find_or_make(id, known)))
        send_words(client,
                   "fail other the agent cannot take this: it is of another version, or has no memory\n");
    else
        follow(client, exchange, exchange_try(exchange, &job));
}

static void take_question(struct client *client, size_t size)
{
    struct question question;

    text[size] = '\0';
    asked_at = deadline_now();
    if (!question_parse(&question, text, size))
        send_words(client, "fail other the agent and this ptunnel are of different versions\n");
    else if (question.kind == QUESTION_ASK)
        ask(client, &question);
    else if (question.kind == QUESTION_ENDED)
        hear_end(client, &question);
    else
        be_told(client, &question);
    explicit_bzero(text, size);
}

/* One question each: whatever comes behind it is an end. */
static void client_ready(struct watch *watch, uint32_t events)
{
    struct client *client = owner_of(watch, struct client, watch);
    ssize_t got;

    (void)events;
    if (client->fd < 0)
        return;
    got = recv(client->fd, text, sizeof text - 1, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0 || client->exchange || client->stays)
        leave(client);
    else
        take_question(client, (size_t)got);
}

static bool is_ours(int fd)
{
    struct ucred other;
    socklen_t size = sizeof other;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &other, &size) == 0 && other.uid == geteuid();
}

static void welcome(int fd)
{
    struct client *client = is_ours(fd) ? calloc(1, sizeof *client) : NULL;

    if (!client) {
        close(fd);
        return;
    }
    client->fd = fd;
    client->watch.ready = client_ready;
    client->until = deadline_in(IDLE).at;
    list_add(&clients, &client->link);
    loop_set_timer(&hold_timer, (struct deadline){ client->until });
    if (loop_watch(loop, fd, EPOLLIN, &client->watch) < 0)
        leave(client);
    else
        client_ready(&client->watch, EPOLLIN);
}

static void listener_ready(struct watch *watch, uint32_t events)
{
    (void)watch, (void)events;
    for (int i = 0; i < ACCEPT_MOST; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0)
            return;
        welcome(fd);
    }
}

static void end_holds(struct timer *timer)
{
    int64_t now = deadline_now();
    struct link *next;

    for (struct link *at = clients.next; at != &clients; at = next) {
        struct client *client = owner_of(at, struct client, link);

        next = at->next;
        if (client->stays && !client->exchange)
            continue;
        if (client->until > now)
            loop_set_timer(timer, (struct deadline){ client->until });
        else if (client->exchange)
            send_later(client, AGAIN);
        else
            leave(client);
    }
}

int server_start(struct loop *with, int fd)
{
    loop = with;
    listener = fd;
    asked_at = deadline_now();
    list_start(&clients);
    list_start(&gone);
    loop_add_timer(loop, &hold_timer, end_holds);
    loop_add_timer(loop, &reaper, reap);
    loop_add_timer(loop, &ahead_timer, make_ahead);
    exchanges_start(crew_forget);
    crew_start(loop, answer_waiting);
    listen_watch.ready = listener_ready;
    return loop_watch(loop, listener, EPOLLIN, &listen_watch);
}
