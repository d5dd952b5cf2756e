#include "epoll.h"
#include "look.h"
#include "steps.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

/* What epoll hands back must be what was registered. */
static const struct {
    uint64_t data;
    const char *name;
} labels[] = { { 0x1111222233334444, "fd" },
               { 0x5555666677778888, "copy" },
               { 0x99990000aaaabbbb, "inner" },
               { 0xccccddddeeeeffff, "fd, second" },
               { 7, "changed" } };
enum { LABEL_FD, LABEL_COPY, LABEL_INNER, LABEL_SECOND, LABEL_CHANGED, LABELS };

void add_label(char *out, const struct epoll_event *event)
{
    const char *name = "STRANGE DATA";

    for (size_t i = 0; i < LABELS; i++)
        if (labels[i].data == event->data.u64)
            name = labels[i].name;
    sprintf(out + strlen(out), "%s%s %s", out[0] ? ", " : "", name, bits_name(event->events));
}

int by_label(const void *one, const void *other)
{
    uint64_t a = ((const struct epoll_event *)one)->data.u64,
             b = ((const struct epoll_event *)other)->data.u64;

    return (a > b) - (a < b);
}

static uint32_t epoll_events(const char *words)
{
    static const struct {
        const char *word;
        uint32_t bits;
    } table[] = { { "et", EPOLLET },       { "oneshot", EPOLLONESHOT }, { "excl", EPOLLEXCLUSIVE },
                  { "rdhup", EPOLLRDHUP }, { "in", EPOLLIN },           { "out", EPOLLOUT },
                  { "pri", EPOLLPRI },     { "wakeup", EPOLLWAKEUP } };
    uint32_t bits = 0;

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strstr(words, table[i].word))
            bits |= table[i].bits;
    if (strstr(words, "none"))
        return bits;
    return bits & (EPOLLIN | EPOLLOUT) ? bits
                                       : bits | EPOLLIN | EPOLLOUT | (bits & EPOLLEXCLUSIVE ? 0 : EPOLLRDHUP);
}

/* In poll and select there is nothing to register: the events are kept for the wait. */
static void control(struct story *story, int set, int operation, int fd, const char *words, int label)
{
    static const char *const names[] = {
        [EPOLL_CTL_ADD] = "add", [EPOLL_CTL_DEL] = "delete", [EPOLL_CTL_MOD] = "modify"
    };
    struct epoll_event event = { .events = epoll_events(words), .data.u64 = labels[label].data };

    story->events = event.events & (POLLIN | POLLOUT | POLLPRI | POLLRDHUP);
    if (story->api->kind != KIND_EPOLL)
        return;
    say("  %s %s%s%s: ", names[operation], labels[label].name, *words ? " " : "", words);
    say("%s\n", result_name(epoll_ctl(set, operation, fd, operation == EPOLL_CTL_DEL ? NULL : &event)));
}

static void do_watch(struct story *story, const char *arguments)
{
    control(story, story->set, EPOLL_CTL_ADD, story->fd, arguments, LABEL_FD);
}

static void do_watch_second(struct story *story, const char *arguments)
{
    control(story, story->second, EPOLL_CTL_ADD, story->fd, arguments, LABEL_SECOND);
}

static void do_watch_copy(struct story *story, const char *arguments)
{
    control(story, story->set, EPOLL_CTL_ADD, story->copy, arguments, LABEL_COPY);
}

static void do_modify(struct story *story, const char *arguments)
{
    control(story, story->set, EPOLL_CTL_MOD, story->fd, arguments, LABEL_CHANGED);
}

static void do_delete(struct story *story, const char *arguments)
{
    control(story, story->set, EPOLL_CTL_DEL, story->fd, arguments, LABEL_FD);
}

static void do_nest(struct story *story, const char *arguments)
{
    struct epoll_event event = { .events = EPOLLIN | (epoll_events(arguments) & (EPOLLET | EPOLLONESHOT)),
                                 .data.u64 = labels[LABEL_INNER].data };

    say("  nest %s: %s\n", arguments,
        result_name(epoll_ctl(story->outer, EPOLL_CTL_ADD, story->set, &event)));
}

const struct verb epoll_verbs[] = {
    { "watch", do_watch },
    { "watch-second", do_watch_second },
    { "watch-copy", do_watch_copy },
    { "modify", do_modify },
    { "delete", do_delete },
    { "nest", do_nest },
    { 0 },
};
