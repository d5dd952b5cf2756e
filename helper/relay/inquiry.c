#include "inquiry.h"
#include "list.h"

#include <ptunnel/agent.h>

#include <errno.h>
#include <unistd.h>

enum { LOOK_AGAIN = 1000 /* ms: whoever waits is woken earlier */ };

static void ready(struct watch *watch, uint32_t events)
{
    struct inquiry *inquiry = owner_of(watch, struct inquiry, watch);

    (void)events;
    if (inquiry->fd < 0)
        return;
    inquiry->dial->legs.again = (struct deadline){ 0 };
    inquiry->answered(inquiry);
}

static int begin(struct inquiry *inquiry, struct dial *dial, struct leg *leg)
{
    int fd = agent_ask(dial, leg);

    if (fd < 0)
        return leg ? agent_gone(dial, fd) : 0;
    inquiry->fd = fd;
    if (leg && loop_watch(inquiry->loop, fd, EPOLLIN, &inquiry->watch) == 0)
        return LOOK_AGAIN;
    inquiry_end(inquiry);
    return AGENT_AGAIN;
}

/* dial_authenticate */
static int inquire(struct dial *dial, struct leg *leg)
{
    struct inquiry *inquiry = owner_of(dial, struct inquiring, dial)->inquiry;
    int result;

    if (!leg)
        inquiry_end(inquiry);
    if (inquiry->fd < 0)
        return begin(inquiry, dial, leg);
    result = agent_answer(dial, leg, inquiry->fd);
    if (result == -EAGAIN)
        return LOOK_AGAIN;
    inquiry->fd = -1;
    return result;
}

void inquiry_start(struct inquiry *inquiry, struct loop *loop, struct inquiring *asker,
                   void (*answered)(struct inquiry *inquiry))
{
    *inquiry = (struct inquiry){
        .watch.ready = ready, .loop = loop, .dial = &asker->dial, .fd = -1, .answered = answered
    };
    asker->inquiry = inquiry;
    asker->dial.legs.authenticate = inquire;
}

void inquiry_end(struct inquiry *inquiry)
{
    if (inquiry->fd >= 0)
        close(inquiry->fd);
    inquiry->fd = -1;
}
