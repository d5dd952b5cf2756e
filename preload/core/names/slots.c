#include <ptunnel/slots.h>
#include <ptunnel/clock.h>
#include <ptunnel/deadline.h>
#include <ptunnel/endpoint.h>
#include <ptunnel/hash.h>
#include <ptunnel/private_file.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct slot {
    uint64_t checksum; /* of what follows the time, and of the slot's number */
    int64_t used;      /* seconds of CLOCK_REALTIME; written alone when only it changes */
    uint8_t size;
    char name[SLOT_NAME_SIZE];
    uint8_t unused;
};
_Static_assert(sizeof(struct slot) == 272 && SLOT_NAME_SIZE == ENDPOINT_HOST_MAX + 1, "the format changed");

/* The file begins with these bytes, and slots follow. Change the number with anything that another version of
 * this code would read differently, struct slot or where a name is looked for. */
#ifndef NAMES_FORMAT
#define NAMES_FORMAT 2
#endif
#define TEXT_OF(number) #number
#define HEADER(number)  "ptunnel names " TEXT_OF(number) "\n"
enum { HEADER_SIZE = 32 };
static const char header[HEADER_SIZE] = HEADER(NAMES_FORMAT);

enum {
    WINDOW = 4096,          /* slots that a name may be in */
    AT_ONCE = 8,            /* slots in a read */
    UNUSED_FOR = 24 * 3600, /* seconds, after which a slot may be given to another name */
    RENEW_AFTER = 3600,     /* seconds */
    LOCK_WAIT = 5000,       /* ms: on a loaded machine a holder may have to wait for its turn */
};

/* One opening of the file. */
struct work {
    const struct slots *slots;
    struct private_file file;
    int64_t now; /* as slot.used */
};

static uint64_t checksum(const struct slot *slot, uint32_t number)
{
    const size_t skipped = offsetof(struct slot, size);
    uint64_t parts[] = { NAMES_FORMAT, number,
                         hash_bytes((const char *)slot + skipped, sizeof *slot - skipped) };

    return hash_bytes((const char *)parts, sizeof parts);
}

/* Whether the slot holds a name. A checksum does not say who wrote it: only what is a host name is
 * believed. */
static bool is_taken(const struct slot *slot, uint32_t number)
{
    struct endpoint host = { 0 };

    return slot->checksum == checksum(slot, number) && slot->size < SLOT_NAME_SIZE &&
           slot->name[slot->size] == '\0' && !endpoint_set_host(&host, slot->name, slot->size) &&
           !host.literal && strlen(host.host) == slot->size;
}

static bool is_of(const struct slot *slot, const char *name)
{
    return strcmp(slot->name, name) == 0;
}

/* A time in the future is damage, not use. */
static int64_t last_use(const struct slot *slot, int64_t now)
{
    return slot->used > now + UNUSED_FOR ? INT64_MIN : slot->used;
}

static bool is_unused(const struct slot *slot, int64_t now)
{
    return last_use(slot, now) < now - UNUSED_FOR;
}

static off_t place_of(uint32_t number)
{
    return HEADER_SIZE + (off_t)number * (off_t)sizeof(struct slot);
}

static int get(const struct work *work, uint32_t number, struct slot *slots, size_t count)
{
    ssize_t got = pread(work->file.fd, slots, count * sizeof *slots, place_of(number));
    size_t have = got < 0 ? 0 : (size_t)got;

    memset((char *)slots + have, 0, count * sizeof *slots - have);
    return got < 0 ? -errno : 0;
}

static int put(const struct work *work, uint32_t number, const char *name)
{
    struct slot slot = { .used = work->now, .size = (uint8_t)strlen(name) };
    ssize_t written;

    memcpy(slot.name, name, slot.size);
    slot.checksum = checksum(&slot, number);
    if (!private_file_may_grow_to(place_of(number + 1)))
        return -EFBIG;
    written = pwrite(work->file.fd, &slot, sizeof slot, place_of(number));
    if (written == (ssize_t)sizeof slot)
        return 0;
    return written < 0 ? -errno : -ENOSPC;
}

/* F_OFD_SETLK: the lock belongs to this opening, so threads exclude each other, and close(2) gives it up. */
static int set_lock_at(const struct work *work, off_t start, off_t size, short type)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = size };

    return work->slots->fcntl(work->file.fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

static int set_lock(const struct work *work, uint32_t number, short type)
{
    return set_lock_at(work, place_of(number), sizeof(struct slot), type);
}

/* Whoever holds the lock may have been stopped, so the wait has an end: -EBUSY. */
static int lock_at(const struct work *work, off_t start, off_t size)
{
    struct deadline end = deadline_in(LOCK_WAIT);
    int64_t pause = 20000; /* ns */
    int result;

    while ((result = set_lock_at(work, start, size, F_WRLCK)) == -EAGAIN || result == -EACCES) {
        if (deadline_passed(end))
            return -EBUSY;
        clock_pause(pause);
        if (pause < 5000000)
            pause *= 2;
    }
    return result;
}

static int lock_slot(const struct work *work, uint32_t number)
{
    return lock_at(work, place_of(number), sizeof(struct slot));
}

static void unlock_slot(const struct work *work, uint32_t number)
{
    set_lock(work, number, F_UNLCK);
}

/* 0 if the file is of this format; -ENODATA if it is of none, being new; -ESTALE if it is of another one. */
static int check_format(const struct work *work)
{
    char seen[HEADER_SIZE];
    ssize_t got = pread(work->file.fd, seen, sizeof seen, 0);

    if (got < 0)
        return -errno;
    if ((size_t)got < sizeof seen)
        return -ENODATA;
    return memcmp(seen, header, sizeof seen) == 0 ? 0 : -ESTALE;
}

/* Another version of ptunnel tells its file at least once an hour that its names are in use. When that was
 * long ago, none of them is. A time far ahead is damage, as that of a slot. */
static bool is_abandoned(const struct work *work)
{
    struct stat now;

    return fstat(work->file.fd, &now) == 0 &&
           (now.st_mtime < work->now - UNUSED_FOR || now.st_mtime > work->now + UNUSED_FOR);
}

static int put_header(const struct work *work)
{
    ssize_t written;

    if (!private_file_may_grow_to(HEADER_SIZE))
        return -EFBIG;
    if (ftruncate(work->file.fd, 0) < 0)
        return -errno;
    written = pwrite(work->file.fd, header, sizeof header, 0);
    if (written == (ssize_t)sizeof header)
        return 0;
    return written < 0 ? -errno : -ENOSPC;
}

/* Makes a new file, or one that another version has abandoned, one of this format. Under the lock: of two
 * versions that find a new file one gets it. */
static int make_format(const struct work *work)
{
    int result = lock_at(work, 0, HEADER_SIZE);

    if (result < 0)
        return result;
    result = check_format(work);
    if (result == -ENODATA || (result == -ESTALE && is_abandoned(work)))
        result = put_header(work);
    set_lock_at(work, 0, HEADER_SIZE, F_UNLCK);
    return result;
}

/* Two versions of ptunnel may run side by side, be it that one was installed over the other while programs
 * ran. Neither writes to the file of the other, whose addresses stay what they mean; its own names then are
 * this process's (names.h), and an address of the other's is one that means nothing. */
static int use_format(const struct work *work, bool make, struct text *wrong)
{
    int result = check_format(work);

    if (make && (result == -ENODATA || result == -ESTALE))
        result = make_format(work);
    if (result == -ESTALE) {
        text_add(wrong, work->file.path);
        text_add(wrong, " is in use by another version of ptunnel");
    } else if (result < 0 && result != -ENODATA) {
        private_file_complain(&work->file, -result, wrong);
    }
    return result;
}

/* `make`: the file may be made one of this format. Without it -ENOENT: the file is new, and has no names. */
static int start_work(struct work *work, const struct slots *slots, bool make, struct text *wrong)
{
    int result;

    work->slots = slots;
    work->now = clock_now(CLOCK_REALTIME) / 1000000000;
    result = private_file_open(&work->file, slots->net, slots->runtime_directory, "names", true, wrong);
    if (result < 0)
        return result;
    result = use_format(work, make, wrong);
    if (result < 0)
        private_file_close(&work->file);
    return result == -ENODATA ? -ENOENT : result;
}

/* Takes a slot for a name if it is free, or may be reused: the look before this one was without the lock. 0;
 * -EEXIST if it is another name's by now; -EBUSY; another error of the file's. */
static int take(const struct work *work, uint32_t number, const char *name, bool reuse)
{
    struct slot slot;
    int result = lock_slot(work, number);

    if (result < 0)
        return result;
    result = get(work, number, &slot, 1);
    if (result == 0 && (!is_taken(&slot, number) || (reuse && is_unused(&slot, work->now))))
        result = put(work, number, name);
    else if (result == 0 && !is_of(&slot, name))
        result = -EEXIST;
    unlock_slot(work, number);
    return result;
}

static bool is_recent(const struct slot *slot, int64_t now)
{
    return slot->used >= now - RENEW_AFTER && slot->used <= now + RENEW_AFTER;
}

/* Writes the time of use, if the slot still has this name. A failure only makes the name forgotten
 * earlier. */
static void renew(const struct work *work, uint32_t number, const struct slot *seen)
{
    off_t at = place_of(number) + (off_t)offsetof(struct slot, used);
    struct slot slot;

    if (is_recent(seen, work->now) || set_lock(work, number, F_WRLCK) < 0)
        return;
    get(work, number, &slot, 1);
    if (is_taken(&slot, number) && is_of(&slot, seen->name) && private_file_may_grow_to(place_of(number + 1)))
        pwrite(work->file.fd, &work->now, sizeof work->now, at);
    unlock_slot(work, number);
}

/* The search for a name's slot. */
struct walk {
    const char *name;
    uint32_t number; /* the slot that was visited last */
    bool has_oldest;
    uint32_t oldest;
    int64_t oldest_use;
};

static void note_age(const struct work *work, struct walk *walk, const struct slot *slot)
{
    int64_t used = last_use(slot, work->now);

    if (!is_unused(slot, work->now) || (walk->has_oldest && used >= walk->oldest_use))
        return;
    walk->has_oldest = true;
    walk->oldest = walk->number;
    walk->oldest_use = used;
}

/* Looks at one slot. 0 if it is now the name's, -EEXIST to go on. A slot that stays locked is passed over:
 * the name may then get two slots, and both mean it. */
static int visit(const struct work *work, struct walk *walk, const struct slot *slot, uint32_t number)
{
    int result;

    walk->number = number;
    if (!is_taken(slot, number)) {
        result = take(work, number, walk->name, false);
        return result == -EBUSY ? -EEXIST : result;
    }
    if (is_of(slot, walk->name)) {
        renew(work, number, slot);
        return 0;
    }
    note_age(work, walk, slot);
    return -EEXIST;
}

static int reuse_oldest(const struct work *work, struct walk *walk)
{
    int result;

    if (!walk->has_oldest)
        return -EAGAIN;
    walk->number = walk->oldest;
    result = take(work, walk->oldest, walk->name, true);
    return result == -EEXIST || result == -EBUSY ? -EAGAIN : result;
}

static int visit_some(const struct work *work, struct walk *walk, uint32_t number, uint32_t count)
{
    struct slot slots[AT_ONCE];
    int result = get(work, number, slots, count);

    if (result < 0)
        return result;
    for (uint32_t i = 0; i < count; i++) {
        result = visit(work, walk, &slots[i], number + i);
        if (result != -EEXIST)
            return result;
    }
    return -EEXIST;
}

static int find_slot(const struct work *work, struct walk *walk)
{
    uint32_t count = work->slots->count, left = count < WINDOW ? count : WINDOW, some;
    uint32_t number = (uint32_t)(hash_keyed(&work->slots->key, walk->name, strlen(walk->name)) % count);
    int result;

    for (; left > 0; left -= some, number = (number + some) % count) {
        some = left < AT_ONCE ? left : AT_ONCE;
        some = some < count - number ? some : count - number;
        result = visit_some(work, walk, number, some);
        if (result != -EEXIST)
            return result;
    }
    return reuse_oldest(work, walk);
}

int slots_claim(const struct slots *slots, const char *name, uint32_t *number, struct text *wrong)
{
    struct walk walk = { .name = name };
    struct work work;
    int result = start_work(&work, slots, true, wrong);

    if (result < 0)
        return result;
    result = find_slot(&work, &walk);
    private_file_close(&work.file);
    *number = walk.number;
    return result == 0 || result == -EAGAIN ? result : private_file_complain(&work.file, -result, wrong);
}

/* A slot whose checksum is wrong may be half written: the writer holds the lock, so look again under it. */
static int read_slot(const struct work *work, uint32_t number, struct slot *slot)
{
    int result = get(work, number, slot, 1);

    if (result == 0 && !is_taken(slot, number) && slot->checksum != 0) {
        result = lock_slot(work, number);
        if (result == 0)
            result = get(work, number, slot, 1);
    }
    if (result < 0)
        return result;
    return is_taken(slot, number) ? 0 : -ENOENT;
}

int slots_read(const struct slots *slots, uint32_t number, char *name, struct text *wrong)
{
    struct work work;
    struct slot slot;
    int result = start_work(&work, slots, false, wrong);

    if (result < 0)
        return result;
    result = read_slot(&work, number, &slot);
    if (result == 0) {
        strcpy(name, slot.name);
        renew(&work, number, &slot);
    }
    private_file_close(&work.file);
    return result == 0 || result == -ENOENT ? result : private_file_complain(&work.file, -result, wrong);
}
