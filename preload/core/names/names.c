#include "common.h"
#include "user.h"

#include <ptunnel/names.h>
#include <ptunnel/arena.h>
#include <ptunnel/hash.h>
#include <ptunnel/clock.h>
#include <ptunnel/log.h>
#include <ptunnel/slots.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

enum {
    RANGE_MOST = 1 << 20,
    OWN_MOST = 1 << 15,
    BUCKETS = 1 << 12,
    ANSWERS_MOST = 1 << 16,
};
static const int64_t fresh_for = 3600; /* seconds, after which the file is told that a name is still in use */

/* One stand-in that this process knows. Only `checked` ever changes, and none is removed: other threads read
 * without a lock. The one learnt last stands first in its two lists. */
struct known {
    struct known *next_by_name, *next_by_offset;
    uint32_t offset;
    _Atomic int64_t checked; /* seconds of now_in_seconds(): when the file was last asked */
    char name[];
};

struct answer {
    struct answer *next;
    struct in6_addr address;
    char name[];
};

struct names {
    struct slots slots;
    struct names_ranges ranges;
    /* Offsets below `shared` are the file's, the `own` ones behind them this process's. */
    uint32_t shared, own;
    _Atomic(struct known *) by_name[BUCKETS];
    _Atomic(struct known *) by_offset[BUCKETS];
    _Atomic(struct known *) own_names[OWN_MOST];
    _Atomic(struct common *) common; /* of own offsets, for those forked from here; NULL: not yet */
    _Atomic(struct answer *) answers[BUCKETS];
    atomic_uint answer_count;
};

const struct names_ranges names_usual_ranges = {
    .v4.s6_addr = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 18, 0, 0 },
    .v4_bits = 15,
    .v6.s6_addr = { 0xfd, 0x70, 0x74, 0x75, 0x6e, 0x6e, 0x65, 0x6c, 0 },
    .v6_bits = 96,
};

static uint32_t low_word(const struct in6_addr *address)
{
    uint32_t word;

    memcpy(&word, address->s6_addr + 12, sizeof word);
    return ntohl(word);
}

static bool same_high_words(const struct in6_addr *a, const struct in6_addr *b)
{
    return memcmp(a, b, 12) == 0;
}

/* As many addresses as both ranges have. */
static uint32_t range_size(const struct names_ranges *ranges)
{
    unsigned v4 = 32 - ranges->v4_bits, v6 = 128 - ranges->v6_bits, least = v4 < v6 ? v4 : v6;

    return least > 20 ? RANGE_MOST : UINT32_C(1) << least;
}

static bool offset_of(const struct names_ranges *ranges, const struct endpoint *endpoint, uint32_t *offset)
{
    const struct in6_addr *first = endpoint_is_v4(endpoint) ? &ranges->v4 : &ranges->v6;

    if (!endpoint->literal || !same_high_words(&endpoint->address, first))
        return false;
    *offset = low_word(&endpoint->address) - low_word(first);
    return *offset < range_size(ranges);
}

bool names_ranges_have(const struct names_ranges *ranges, const struct endpoint *endpoint)
{
    uint32_t offset;

    return offset_of(ranges, endpoint, &offset);
}

struct names *names_open(const struct net *net, int (*fcntl)(int fd, int command, ...), const char *directory,
                         const struct names_ranges *ranges)
{
    struct names *map = arena_alloc(sizeof *map);
    uint32_t size = range_size(ranges);

    if (!map)
        return NULL;
    map->ranges = *ranges;
    map->shared = size / 4 * 3;
    map->own = size / 4 < OWN_MOST ? size / 4 : OWN_MOST;
    map->slots = (struct slots){
        .net = net, .fcntl = fcntl, .runtime_directory = directory, .key = user_key(net), .count = map->shared
    };
    return map;
}

struct in6_addr names_address(const struct names *map, uint32_t offset, int family)
{
    struct in6_addr address = family == AF_INET ? map->ranges.v4 : map->ranges.v6;
    uint32_t word = htonl(low_word(&address) + offset);

    memcpy(address.s6_addr + 12, &word, sizeof word);
    return address;
}

/* CLOCK_BOOTTIME: no one sets it, and it goes on while the machine sleeps. */
static int64_t now_in_seconds(void)
{
    return clock_now(CLOCK_BOOTTIME) / 1000000000;
}

static uint64_t hash_name(const struct names *map, const char *name)
{
    return hash_keyed(&map->slots.key, name, strlen(name));
}

static struct known *find_name(struct names *map, const char *name, uint64_t hash)
{
    struct known *known = atomic_load(&map->by_name[hash % BUCKETS]);

    while (known && strcmp(known->name, name) != 0)
        known = known->next_by_name;
    return known;
}

static struct known *find_offset(struct names *map, uint32_t offset)
{
    struct known *known;

    if (offset >= map->shared)
        return offset - map->shared < map->own ? atomic_load(&map->own_names[offset - map->shared]) : NULL;
    known = atomic_load(&map->by_offset[offset % BUCKETS]);
    while (known && known->offset != offset)
        known = known->next_by_offset;
    return known;
}

static struct known *new_known(const char *name, uint32_t offset)
{
    size_t size = strlen(name) + 1;
    struct known *known = arena_alloc(sizeof *known + size);

    if (!known)
        return NULL;
    known->offset = offset;
    atomic_init(&known->checked, now_in_seconds());
    memcpy(known->name, name, size);
    return known;
}

static void publish(struct names *map, struct known *known)
{
    uint64_t hash = hash_name(map, known->name);
    _Atomic(struct known *) *by_name = &map->by_name[hash % BUCKETS];
    _Atomic(struct known *) *by_offset = &map->by_offset[known->offset % BUCKETS];

    known->next_by_offset = atomic_load(by_offset);
    while (!atomic_compare_exchange_weak(by_offset, &known->next_by_offset, known))
        ;
    known->next_by_name = atomic_load(by_name);
    while (!atomic_compare_exchange_weak(by_name, &known->next_by_name, known))
        ;
}

/* Without memory nothing is remembered, and the file is asked again. */
static void learn(struct names *map, const char *name, uint32_t offset)
{
    struct known *known = find_offset(map, offset);

    if (known && strcmp(known->name, name) == 0 && find_name(map, name, hash_name(map, name)) == known) {
        atomic_store(&known->checked, now_in_seconds());
        return;
    }
    known = new_known(name, offset);
    if (known)
        publish(map, known);
}

static bool is_fresh(const struct names *map, struct known *known)
{
    return known->offset >= map->shared || now_in_seconds() - atomic_load(&known->checked) < fresh_for;
}

/* That another version of ptunnel has the file passes by itself, and hardly anybody notices: with -v only. */
static void say_unusable(int error, const char *wrong)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    if (error == -ESTALE && !log_wants(LOG_CONNECTION))
        return;

    text_print(
        &line,
        "%s; names looked up meanwhile mean something to this process and those forked from it only: for "
        "programs that it starts or that start it, set "
        "XDG_RUNTIME_DIR to a folder of this user's that they can all write to",
        wrong);
    log_failure(hash_bytes(wrong, strlen(wrong)), &line);
}

static void say_full(const struct names *map)
{
    static const char subject[] = "stand-ins";
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_print(
        &line,
        "all stand-in addresses (of %u) were in use within 24 hours: set wider ranges with 'stand-ins'",
        map->shared + map->own);
    log_failure(hash_bytes(subject, sizeof subject), &line);
}

/* Gives a name an offset that only this process knows. Where the search begins depends on the name and the user:
 * processes with private maps nearly always agree; where they do not, the other one has nothing at that
 * address. */
static int own_stand_in(struct names *map, const char *name, uint64_t hash, uint32_t *offset)
{
    struct known *fresh = new_known(name, 0), *there;
    struct common *common = atomic_load(&map->common);

    for (uint32_t i = 0; fresh && i < map->own; i++) {
        uint32_t place = (uint32_t)((hash + i) % map->own);

        if (common && !common_take(&common[place], name))
            continue;
        fresh->offset = map->shared + place;
        there = NULL;
        if (atomic_compare_exchange_strong(&map->own_names[place], &there, fresh))
            publish(map, there = fresh);
        if (strcmp(there->name, name) == 0) {
            *offset = there->offset;
            return 0;
        }
    }
    say_full(map);
    return -EAGAIN;
}

static int claim(struct names *map, const char *name, uint64_t hash, struct known *known, uint32_t *offset)
{
    char buffer[LOG_LINE_SIZE];
    struct text wrong = text_in(buffer, sizeof buffer);
    int result = slots_claim(&map->slots, name, offset, &wrong);

    if (result == 0) {
        learn(map, name, *offset);
        return 0;
    }
    if (result == -EAGAIN) {
        say_full(map);
        return result;
    }
    say_unusable(result, buffer);
    if (!known)
        return own_stand_in(map, name, hash, offset);
    *offset = known->offset;
    return 0;
}

int names_stand_in(struct names *map, const char *name, uint32_t *offset)
{
    uint64_t hash = hash_name(map, name);
    struct known *known = find_name(map, name, hash);
    int saved = errno, result;

    if (known && is_fresh(map, known)) {
        *offset = known->offset;
        return 0;
    }
    result = claim(map, name, hash, known, offset);
    errno = saved;
    return result;
}

/* A name that this process has got from the file before counts, however long ago that was: a look-up then
 * only renews its time in the file. */
static int read_shared(struct names *map, uint32_t offset, const struct known *known, char *name)
{
    char buffer[LOG_LINE_SIZE];
    struct text wrong = text_in(buffer, sizeof buffer);
    int result = slots_read(&map->slots, offset, name, &wrong);

    if (result == 0 && (!known || strcmp(known->name, name) == 0))
        learn(map, name, offset);
    if (result < 0 && result != -ENOENT)
        say_unusable(result, buffer);
    return result < 0 ? -ENOENT : 0;
}

static void become_name(struct endpoint *endpoint, const char *name)
{
    *endpoint = (struct endpoint){ .port = endpoint->port };
    strcpy(endpoint->host, name);
}

/* What a relative has given a name since. */
static struct known *learn_common(struct names *map, uint32_t offset)
{
    const struct common *common = atomic_load(&map->common);
    const char *name =
        common && offset - map->shared < map->own ? common_name(&common[offset - map->shared]) : NULL;
    struct known *fresh = name ? new_known(name, offset) : NULL, *there = NULL;

    if (!fresh)
        return NULL;
    if (!atomic_compare_exchange_strong(&map->own_names[offset - map->shared], &there, fresh))
        return there;
    publish(map, fresh);
    return fresh;
}

void names_share(struct names *map)
{
    struct common *fresh = atomic_load(&map->common) ? NULL : common_map(map->own), *before = NULL;

    if (!fresh)
        return;
    for (uint32_t i = 0; i < map->own; i++) {
        const struct known *known = atomic_load(&map->own_names[i]);

        if (known)
            common_take(&fresh[i], known->name);
    }
    if (!atomic_compare_exchange_strong(&map->common, &before, fresh))
        common_unmap(fresh, map->own);
}

int names_of_stand_in(struct names *map, struct endpoint *endpoint)
{
    struct known *known;
    char name[SLOT_NAME_SIZE];
    uint32_t offset;
    int saved = errno, result = -ENOENT;

    if (!offset_of(&map->ranges, endpoint, &offset))
        return -ENOENT;
    known = find_offset(map, offset);
    if (!known && offset >= map->shared)
        known = learn_common(map, offset);
    if (offset < map->shared && (!known || !is_fresh(map, known)))
        result = read_shared(map, offset, known, name);
    errno = saved;
    if (!known && result < 0)
        return result;
    become_name(endpoint, known ? known->name : name);
    return 0;
}

static _Atomic(struct answer *) *answers_of(const struct names *map, const struct in6_addr *address)
{
    uint64_t hash = hash_bytes((const char *)address, sizeof *address);

    return (_Atomic(struct answer *) *)&map->answers[hash % BUCKETS];
}

static const struct answer *find_answer(const struct names *map, const struct in6_addr *address)
{
    const struct answer *answer = atomic_load(answers_of(map, address));

    while (answer && memcmp(&answer->address, address, sizeof *address) != 0)
        answer = answer->next;
    return answer;
}

void names_remember(struct names *map, const struct endpoint *endpoint, const char *name)
{
    const struct answer *before = find_answer(map, &endpoint->address);
    _Atomic(struct answer *) *list = answers_of(map, &endpoint->address);
    size_t size = strlen(name) + 1;
    struct answer *answer;

    if ((before && strcmp(before->name, name) == 0) || atomic_load(&map->answer_count) >= ANSWERS_MOST)
        return;
    answer = arena_alloc(sizeof *answer + size);
    if (!answer)
        return;
    atomic_fetch_add(&map->answer_count, 1);
    answer->address = endpoint->address;
    memcpy(answer->name, name, size);
    answer->next = atomic_load(list);
    while (!atomic_compare_exchange_weak(list, &answer->next, answer))
        ;
}

bool names_of_answer(const struct names *map, struct endpoint *endpoint)
{
    const struct answer *answer = endpoint->literal ? find_answer(map, &endpoint->address) : NULL;

    if (!answer)
        return false;
    become_name(endpoint, answer->name);
    return true;
}
