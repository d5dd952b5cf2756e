#include "handed.h"

#include "../process/environment.h"

#include <ptunnel/clock.h>
#include <ptunnel/hash.h>
#include <ptunnel/log.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file begins with these bytes, and slots follow. Change the number with anything that another version of this code
 * would read differently. A file of another format is left alone, until nobody has written to it for a day. */
enum { HEADER_SIZE = 32, SLOTS = 4096, WINDOW = 8, UNUSED_FOR = 24 * 3600 };
static const char header[HEADER_SIZE] = "ptunnel peers 1\n";

/* A socket is looked for in the WINDOW slots that follow the one which its cookie's hash says. */
struct slot {
    uint64_t checksum; /* of all that follows */
    uint64_t cookie;
    int64_t written; /* seconds of CLOCK_REALTIME */
    struct in6_addr target, proxy;
    uint32_t scope;
    uint16_t target_port, proxy_port;
};
_Static_assert(sizeof(struct slot) == 64, "the format changed");

static uint64_t checksum(const struct slot *slot)
{
    const size_t skipped = sizeof slot->checksum;

    return hash_bytes((const char *)slot + skipped, sizeof *slot - skipped);
}

static off_t place_of(uint64_t cookie, unsigned number)
{
    uint64_t first = hash_bytes((const char *)&cookie, sizeof cookie) % SLOTS;

    return (off_t)(HEADER_SIZE + (first + number) * sizeof(struct slot));
}

static bool is_of(const struct slot *slot, uint64_t cookie)
{
    return slot->cookie == cookie && slot->target_port != 0 && slot->checksum == checksum(slot);
}

static bool open_file(struct private_file *file, bool make)
{
    char words[LOG_LINE_SIZE];
    struct text wrong = text_in(words, sizeof words);

    return private_file_open(file, real_net(), environment_variable("XDG_RUNTIME_DIR"), "peers", make,
                             &wrong) == 0;
}

static bool has_header(const struct private_file *file)
{
    char found[HEADER_SIZE];

    return pread(file->fd, found, sizeof found, 0) == sizeof found &&
           memcmp(found, header, sizeof found) == 0;
}

/* Whether a file of another format, or an empty one, may be made one of ours. */
static bool may_be_taken(const struct private_file *file)
{
    struct stat now;

    return fstat(file->fd, &now) == 0 &&
           (now.st_size == 0 || now.st_mtime < clock_now(CLOCK_REALTIME) / 1000000000 - UNUSED_FOR);
}

static bool make_ours(const struct private_file *file)
{
    return private_file_may_grow_to(HEADER_SIZE) && ftruncate(file->fd, 0) == 0 &&
           pwrite(file->fd, header, sizeof header, 0) == sizeof header;
}

bool handed_any(void)
{
    struct private_file file;
    bool any;

    if (!open_file(&file, false))
        return false;
    any = has_header(&file);
    private_file_close(&file);
    return any;
}

bool handed_find(uint64_t cookie, struct peer *out)
{
    struct slot slots[WINDOW] = { 0 };
    const struct slot *found = NULL;
    struct private_file file;

    if (!open_file(&file, false))
        return false;
    if (has_header(&file) && pread(file.fd, slots, sizeof slots, place_of(cookie, 0)) > 0)
        for (unsigned i = 0; i < WINDOW && !found; i++)
            found = is_of(&slots[i], cookie) ? &slots[i] : NULL;
    private_file_close(&file);
    if (found)
        *out = (struct peer){ .target = { found->target, found->scope, found->target_port },
                              .proxy = { .ip = found->proxy, .port = found->proxy_port },
                              .cookie = cookie,
                              .handed = true };
    return found != NULL;
}

bool handed_begin(struct private_file *file)
{
    if (!open_file(file, true))
        return false;
    if (has_header(file) || (may_be_taken(file) && make_ours(file)))
        return true;
    private_file_close(file);
    return false;
}

/* The socket's own slot, or one that holds none, or else the oldest. */
static unsigned slot_for(const struct private_file *file, uint64_t cookie)
{
    struct slot slots[WINDOW] = { 0 };
    unsigned oldest = 0;

    if (pread(file->fd, slots, sizeof slots, place_of(cookie, 0)) < 0)
        return 0;
    for (unsigned i = 0; i < WINDOW; i++) {
        if (is_of(&slots[i], cookie))
            return i;
        if (slots[i].checksum != checksum(&slots[i]))
            slots[i].written = INT64_MIN;
        if (slots[i].written < slots[oldest].written)
            oldest = i;
    }
    return oldest;
}

/* Written at once, and believed only whole: so no lock is needed. */
void handed_put(const struct private_file *file, uint64_t cookie, const struct peer *peer)
{
    struct slot slot = { .cookie = cookie,
                         .written = clock_now(CLOCK_REALTIME) / 1000000000,
                         .target = peer->target.ip,
                         .proxy = peer->proxy.ip,
                         .scope = peer->target.scope,
                         .target_port = peer->target.port,
                         .proxy_port = peer->proxy.port };
    unsigned number = slot_for(file, cookie);

    slot.checksum = checksum(&slot);
    if (private_file_may_grow_to(place_of(cookie, number + 1)) &&
        pwrite(file->fd, &slot, sizeof slot, place_of(cookie, number)) < 0)
        return; /* a full disk: the other side will see the proxy */
}

void handed_end(struct private_file *file)
{
    private_file_close(file);
}
