/* A body to skip, fed in pieces that the data itself decides: a byte that says which fields announce it, one that says how
 * many cuts there are, the size of each piece, then the body.
 *
 * What must hold: any cut gives the same answer, and so does dropping content unseen; no byte behind the end is taken. */
#include <ptunnel/body.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool claim)
{
    if (!claim)
        abort();
}

static void begin(struct body *body, uint8_t fields)
{
    static const char *const lines[] = { "Transfer-Encoding: chunked", "Content-Length: 12", "Connection: keep-alive",
                                         "Transfer-Encoding: gzip",    "Content-Length: 300" };

    body_start(body, fields & 0x80);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (fields & 1u << i)
            body_field(body, lines[i], strlen(lines[i]));
    body_begin(body);
}

static bool ended(const struct body *body)
{
    return body->state == BODY_DONE || body->state == BODY_LOST;
}

static size_t feed(struct body *body, const char *bytes, size_t size)
{
    char *copy = malloc(size ? size : 1);
    size_t used;

    memcpy(copy, bytes, size);
    used = body_feed(body, copy, size);
    free(copy);
    require(used <= size && (used == size || ended(body)));
    return used;
}

static size_t drop(struct body *body, const char *bytes, size_t size)
{
    size_t used = 0;

    while (used < size && !ended(body)) {
        size_t plain = body_droppable(body);

        plain = plain < size - used ? plain : size - used;
        if (plain > 0)
            body_dropped(body, plain);
        used += plain > 0 ? plain : feed(body, bytes + used, 1);
    }
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct body whole, pieces, dropped;
    size_t cuts, used = 0, at_once;
    const char *bytes;

    if (size < 2 || size < 2u + data[1] % 16)
        return 0;
    cuts = data[1] % 16;
    bytes = (const char *)data + 2 + cuts;
    begin(&whole, data[0]);
    begin(&pieces, data[0]);
    begin(&dropped, data[0]);
    size -= 2 + cuts;
    at_once = feed(&whole, bytes, size);
    for (size_t i = 0; i < cuts; i++)
        used += feed(&pieces, bytes + used, data[2 + i] < size - used ? data[2 + i] : size - used);
    used += feed(&pieces, bytes + used, size - used);
    require(used == at_once && pieces.state == whole.state);
    require(drop(&dropped, bytes, size) == at_once && dropped.state == whole.state);
    return 0;
}
