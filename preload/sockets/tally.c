#include "tally.h"

#include "../real.h"
#include "../process/identity.h"
#include "fd_map.h"
#include "slot.h"
#include "socket.h"

#include <ptunnel/carried.h>
#include <ptunnel/clock.h>
#include <ptunnel/endpoint.h>
#include <ptunnel/log.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>

struct tally {
    uint64_t cookie; /* 0: no record */
    uint32_t generation;
    struct carried before; /* since when, and what was carried until then */
    char authority[ENDPOINT_TEXT_SIZE];
};
FD_MAP(tallies, struct tally, 64);

/* Of struct tcp_info in <linux/tcp.h> (Linux 4.19), which not every libc's <netinet/tcp.h> has whole. */
enum {
    STATE = 0,
    NOT_SENT = 144,
    BYTES_RECEIVED = 128,
    BYTES_SENT = 200,
    BYTES_AGAIN = 208,
    INFO_LEAST = 216
};

static uint64_t number_at(const unsigned char *info, size_t at)
{
    uint64_t number;

    memcpy(&number, info + at, sizeof number);
    return number;
}

/* What the program has written, and what it has read. The kernel counts the peer's FIN as a byte. */
static bool ask(int fd, struct carried *out)
{
    unsigned char info[INFO_LEAST];
    socklen_t size = sizeof info;
    uint32_t not_sent;
    int unread = 0;

    if (real()->getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &size) < 0 || size < INFO_LEAST)
        return false;
    real()->ioctl(fd, FIONREAD, &unread);
    memcpy(&not_sent, info + NOT_SENT, sizeof not_sent);
    out->sent = number_at(info, BYTES_SENT) - number_at(info, BYTES_AGAIN) + not_sent;
    out->received = number_at(info, BYTES_RECEIVED) - (uint64_t)unread;
    if (info[STATE] != TCP_ESTABLISHED && info[STATE] != TCP_FIN_WAIT1 && info[STATE] != TCP_FIN_WAIT2 &&
        out->received > 0)
        out->received--;
    return true;
}

static void drop(struct tally *tally)
{
    tally->cookie = 0;
    slots_hear_of_close(-1);
}

void tally_begin(int fd, const char *authority)
{
    struct tally *tally = log_keeps() ? fd_map_at(&tallies, fd, true) : NULL;
    struct carried now = { .since = clock_now(CLOCK_MONOTONIC) };
    uint64_t cookie;

    if (!tally || !ask(fd, &now))
        return;
    cookie = socket_cookie(fd);
    if (cookie != 0 && tally->cookie == 0)
        slots_hear_of_close(1);
    tally->generation = identity_generation();
    tally->before = now;
    strcpy(tally->authority, authority);
    tally->cookie = cookie;
}

bool tally_known(int fd)
{
    const struct tally *tally = fd_map_at(&tallies, fd, false);

    return tally && tally->cookie != 0;
}

void tally_share(int from, int to)
{
    const struct tally *tally = fd_map_at(&tallies, from, false);
    struct tally *copy = tally && tally->cookie != 0 ? fd_map_at(&tallies, to, true) : NULL;

    if (!copy)
        return;
    if (copy->cookie == 0)
        slots_hear_of_close(1);
    *copy = *tally;
}

void tally_forget(int fd)
{
    if (tally_known(fd))
        drop(fd_map_at(&tallies, fd, false));
}

static bool is_shared(uint64_t cookie)
{
    for (int fd = fd_map_next(&tallies, 0); fd < FD_MAP_NUMBERS; fd = fd_map_next(&tallies, fd + 1)) {
        const struct tally *tally = fd_map_at(&tallies, fd, false);

        if (tally->cookie == cookie)
            return true;
    }
    return false;
}

static void say(const struct tally *tally, const struct carried *now)
{
    struct carried carried = { .since = tally->before.since,
                               .sent = now->sent - tally->before.sent,
                               .received = now->received - tally->before.received };
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_print(&line, "%s: closed after ", tally->authority);
    carried_print(&carried, &line);
    log_kept_line(&line);
}

void tally_end(int fd)
{
    struct tally *tally = fd_map_at(&tallies, fd, false);
    uint64_t cookie = tally ? tally->cookie : 0;
    struct carried now;

    if (cookie == 0)
        return;
    drop(tally);
    if (socket_cookie(fd) == cookie && tally->generation == identity_generation() && !is_shared(cookie) &&
        ask(fd, &now))
        say(tally, &now);
}

void tally_end_all(void)
{
    for (int fd = fd_map_next(&tallies, 0); fd < FD_MAP_NUMBERS; fd = fd_map_next(&tallies, fd + 1))
        tally_end(fd);
}
