#include "seen.h"

#include "../common/libc_net.h"

#include <ptunnel/challenge.h>
#include <ptunnel/body.h>
#include <ptunnel/deadline.h>
#include <ptunnel/page.h>

#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { HEAD_SIZE = 16 * 1024, REST_TIME = 1000, FIELD_MOST = 80 };

static char seen[HEAD_SIZE + PAGE_SIZE];
static size_t seen_size;

void seen_start(void)
{
    seen_size = 0;
}

static ssize_t send_and_forget(int fd, const void *bytes, size_t size, int flags)
{
    seen_start();
    return send(fd, bytes, size, flags);
}

static ssize_t receive_and_keep(int fd, void *buffer, size_t size, int flags)
{
    ssize_t got = recv(fd, buffer, size, flags);
    size_t room = sizeof seen - seen_size;

    if (got > 0 && buffer && !(flags & MSG_PEEK)) {
        room = room < (size_t)got ? room : (size_t)got;
        memcpy(seen + seen_size, buffer, room);
        seen_size += room;
    }
    return got;
}

const struct net seen_net = {
    .connect = connect,
    .send = send_and_forget,
    .recv = receive_and_keep,
    .poll = poll,
    .getsockopt = getsockopt,
    .setsockopt = setsockopt,
    .read = read,
    .write = write,
    .close = close,
    .getaddrinfo = getaddrinfo,
};

/* The next line, without its end; NULL: there is no whole one. */
static const char *next_line(const char **at, size_t *size)
{
    const char *line = *at, *end = memchr(line, '\n', (size_t)(seen + seen_size - line));

    if (!end)
        return NULL;
    *at = end + 1;
    *size = (size_t)(end - line) - (end > line && end[-1] == '\r');
    return line;
}

/* The first line of the last head: those of 1xx replies are passed over. NULL: it is not whole. */
static const char *find_head(void)
{
    const char *at = seen, *head = seen;
    size_t size;

    while (next_line(&at, &size)) {
        if (size > 0)
            continue;
        if (at - head < (ptrdiff_t)strlen("HTTP/1.1 200"))
            break;
        if (text_to_number(head + strlen("HTTP/1.1 "), 3, 100, 199) < 0)
            return head;
        head = at;
    }
    return NULL;
}

/* Reads the head's fields for the body; *at is then behind the head. */
static bool begin_body(struct body *body, const char **at)
{
    const char *head = find_head(), *line;
    size_t size;

    if (!head)
        return false;
    *at = head;
    next_line(at, &size);
    body_start(body, head[strlen("HTTP/1.")] == '0');
    while ((line = next_line(at, &size)) && size > 0)
        body_field(body, line, size);
    body_begin(body);
    return true;
}

static bool is_whole(void)
{
    struct body body;
    const char *at;

    if (!begin_body(&body, &at))
        return false;
    body_feed(&body, at, (size_t)(seen + seen_size - at));
    return body.state == BODY_DONE || (size_t)(seen + seen_size - at) >= PAGE_SIZE;
}

void seen_rest(int fd)
{
    struct deadline end = deadline_in(REST_TIME);
    struct pollfd ready = { .fd = fd, .events = POLLIN };

    while (seen_size < sizeof seen && !is_whole() && poll(&ready, 1, deadline_left(end)) == 1) {
        ssize_t got = recv(fd, seen + seen_size, sizeof seen - seen_size, MSG_DONTWAIT);

        if (got <= 0)
            break;
        seen_size += (size_t)got;
    }
}

bool seen_field(const char *name, struct text *out)
{
    const char *at = find_head(), *line;
    size_t size, length = strlen(name);

    while (at && (line = next_line(&at, &size)) && size > 0) {
        if (size <= length || line[length] != ':' || !text_begins(line, name))
            continue;
        line += length + 1;
        size -= length + 1;
        while (size > 0 && (*line == ' ' || *line == '\t'))
            line++, size--;
        text_add_foreign(out, line, size, FIELD_MOST);
        return size > 0;
    }
    return false;
}

bool seen_offers(struct text *out)
{
    static const char name[] = "Proxy-Authenticate:";
    const char *at = find_head(), *line, *begin;
    struct challenge found;
    size_t size, before = text_size(out);

    while (at && (line = next_line(&at, &size)) && size > 0) {
        if (size < sizeof name || !text_begins(line, name))
            continue;
        begin = line + sizeof name - 1;
        while (challenge_next(&begin, line + size, &found)) {
            text_add(out, text_size(out) > before ? ", " : "");
            text_add_foreign(out, found.scheme, found.scheme_size, 20);
        }
    }
    return text_size(out) > before;
}

bool seen_page(struct text *out)
{
    size_t before = text_size(out);
    struct body body;
    const char *at;

    if (!begin_body(&body, &at))
        return false;
    page_words_of_body(out, at, (size_t)(seen + seen_size - at), body.chunked);
    return text_size(out) > before;
}
