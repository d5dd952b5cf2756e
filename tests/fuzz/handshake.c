/* The reply to CONNECT, fed in pieces that the data itself decides: first a byte that says how many cuts
 * there are, then the size of each piece, then the reply; what no piece covers comes at once.
 *
 *   clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude tests/fuzz/handshake.c CORE
 *
 * with the files of preload/core for CORE.
 *
 * What must hold: any cut gives the same answer; no byte behind the head's blank line is taken, and the head
 * is found where a second, simpler reader finds it; the errno is one of those that a peer may cause. */
#include <ptunnel/handshake.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool claim)
{
    if (!claim)
        abort();
}

/* A copy of exactly that size, so that ASan sees a read behind it. */
static size_t feed(struct handshake *handshake, const char *bytes, size_t size)
{
    char *copy = malloc(size ? size : 1);
    size_t used;

    memcpy(copy, bytes, size);
    used = handshake_feed(handshake, copy, size);
    free(copy);
    require(used <= size);
    require(used == size || handshake->state >= HANDSHAKE_OPEN);
    return used;
}

static size_t feed_in_pieces(struct handshake *handshake, const uint8_t *pieces, size_t count,
                             const char *reply, size_t size)
{
    size_t used = 0;

    handshake_start(handshake);
    for (size_t i = 0; i < count && handshake->state < HANDSHAKE_OPEN; i++)
        used += feed(handshake, reply + used, pieces[i] < size - used ? pieces[i] : size - used);
    return used + feed(handshake, reply + used, size - used);
}

/* Behind the first empty line, or NULL. */
static const char *behind_empty_line(const char *at, const char *end)
{
    for (; at < end; at++) {
        const char *next = at + 1;

        if (*at != '\n')
            continue;
        if (next < end && *next == '\r')
            next++;
        if (next < end && *next == '\n')
            return next + 1;
    }
    return NULL;
}

/* Where the head of the final answer ends, if what stands before it is HTTP at all. */
static size_t end_of_head(const char *reply, size_t size)
{
    const char *at = reply, *end = reply + size, *next;

    for (;;) {
        next = behind_empty_line(at, end);
        require(next && next - at > 12);
        if (at[9] != '1')
            return (size_t)(next - reply);
        at = next;
    }
}

static void check_answer(const struct handshake *handshake, const char *reply, size_t size, size_t used)
{
    static const int allowed[] = { ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EACCES, ECONNRESET };
    int error;
    size_t i = 0;

    if (handshake->state < HANDSHAKE_OPEN)
        return;
    error = reply_error(&handshake->reply);
    require((error == 0) == (handshake->state == HANDSHAKE_OPEN));
    while (error && allowed[i] != error)
        require(++i < sizeof allowed / sizeof *allowed);
    if (handshake->reply.status) {
        require(used == end_of_head(reply, size));
        require(used <= HANDSHAKE_HEAD_MOST && !memchr(reply, '\0', used));
    }
}

static void check_words(const struct reply *reply)
{
    char buffer[512];
    struct text out = text_in(buffer, sizeof buffer);

    reply_describe(reply, 22, &out);
    for (const char *c = buffer; *c; c++)
        require(*c >= 0x20 && *c <= 0x7e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct handshake whole, pieces, bytes;
    size_t count = size ? data[0] : 0, used;
    const char *reply;

    if (size < 1 + count)
        return 0;
    reply = (const char *)data + 1 + count;
    size -= 1 + count;
    handshake_start(&whole);
    used = feed(&whole, reply, size);
    require(feed_in_pieces(&pieces, data + 1, count, reply, size) == used);
    require(pieces.state == whole.state && memcmp(&pieces.reply, &whole.reply, sizeof whole.reply) == 0);
    handshake_start(&bytes);
    for (size_t at = 0; at < size && bytes.state < HANDSHAKE_OPEN; at++)
        feed(&bytes, reply + at, 1);
    require(bytes.state == whole.state && bytes.head_size == used);
    require(memcmp(&bytes.reply, &whole.reply, sizeof whole.reply) == 0);
    check_answer(&whole, reply, size, used);
    check_words(&whole.reply);
    return 0;
}
