#include "refusal.h"
#include "dial_words.h"

#include <ptunnel/leg.h>
#include <ptunnel/page.h>

#include <errno.h>
#include <string.h>

enum { READ_TIME = 1000 };

bool refusal_has_page(const struct dial *dial)
{
    int status = dial->handshake.reply.status;

    return log_wants(LOG_HANDSHAKE) && status >= 300 && status != 401 && status != 407;
}

static void take(struct dial *dial, size_t size)
{
    struct leg *leg = dial->legs.block;

    body_feed(&dial->legs.body, leg_text(leg) + leg->size, size);
    leg->size += size;
}

void refusal_begin(struct dial *dial)
{
    const struct dial_room *room = dial->room;
    struct leg *leg = dial->legs.block;
    size_t size = room ? room->end - room->at : 0;

    body_begin(&dial->legs.body);
    dial->attempt = deadline_earlier(dial->attempt, deadline_in(READ_TIME));
    leg->size = 0;
    if (size > PAGE_SIZE)
        size = PAGE_SIZE;
    if (size > 0)
        memcpy(leg_text(leg), room->bytes + room->at, size);
    take(dial, size);
}

bool refusal_read(struct dial *dial)
{
    struct leg *leg = dial->legs.block;
    ssize_t got;

    while (dial->legs.body.state != BODY_DONE && leg->size < PAGE_SIZE) {
        got = dial->net->recv(dial->fd, leg_text(leg) + leg->size, PAGE_SIZE - leg->size, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return false;
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        if (got > 0)
            take(dial, (size_t)got);
    }
    return true;
}

void refusal_say(const struct dial *dial)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);
    struct leg *leg = dial->legs.block;
    size_t before;

    dial_start_line(dial, &line);
    text_add(&line, "its page says: ");
    before = text_size(&line);
    page_words_of_body(&line, leg_text(leg), leg->size, dial->legs.body.chunked);
    if (text_size(&line) > before)
        log_line(LOG_HANDSHAKE, &line);
}
