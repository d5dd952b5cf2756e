/* What is known by descriptor: the map, entries with their generations, and the slots that share them. */
#include "support/rows.h"

#include "../../preload/sockets/fd_map.h"
#include "../../preload/sockets/slot.h"

#include <sys/wait.h>
#include <unistd.h>

FD_MAP(numbers, int, 64);

static const struct {
    const char *name;
    int fd;
    bool fits;
} descriptors[] = {
    { "the first", 0, true },
    { "the last of a page", 63, true },
    { "the first of the next", 64, true },
    { "the last of all", FD_MAP_NUMBERS - 1, true },
    { "one too many", FD_MAP_NUMBERS, false },
    { "none", -1, false },
    { "the least", INT32_MIN, false },
};

static void a_map_has_items_for_descriptors(void **state)
{
    const typeof(*descriptors) *row = *state;
    int *item = fd_map_at(&numbers, row->fd, true);

    assert_int_equal(item != NULL, row->fits);
    assert_ptr_equal(fd_map_at(&numbers, row->fd, false), item);
    if (!item)
        return;
    assert_true(*item == 0 || *item == row->fd + 1);
    *item = row->fd + 1;
    assert_int_equal(*(int *)fd_map_at(&numbers, row->fd, false), row->fd + 1);
}

FD_MAP(sparse, int, 64);

static void a_map_finds_its_pages(void **state)
{
    (void)state;
    assert_null(fd_map_at(&sparse, 1000, false));
    assert_int_equal(fd_map_next(&sparse, 0), FD_MAP_NUMBERS);
    assert_non_null(fd_map_at(&sparse, 1000, true));
    assert_int_equal(fd_map_next(&sparse, 0), 960);
    assert_int_equal(fd_map_next(&sparse, 1000), 1000);
    assert_int_equal(fd_map_next(&sparse, 1024), FD_MAP_NUMBERS);
}

static void a_number_is_never_used_twice(void **state)
{
    struct entry *entry = slot_add(7);
    uint32_t first = atomic_load(&entry->number);

    (void)state;
    entry_unlock(entry);
    assert_ptr_equal(entry_by_number(first), entry);
    slot_drop(7);
    assert_null(slot_find(7));
    assert_ptr_equal(entry_by_number(first), entry); /* at rest, its contents as they were */
    for (int i = 0; i < 1000; i++) {
        struct entry *other = slot_add(7);

        assert_int_not_equal(atomic_load(&other->number), first);
        entry_unlock(other);
        slot_drop(7);
    }
    assert_null(entry_by_number(first));
}

static void an_entry_rests_before_it_is_used_again(void **state)
{
    struct entry *entry = slot_add(7);

    (void)state;
    entry_unlock(entry);
    slot_drop(7);
    for (int i = 0; i < 200; i++) {
        struct entry *other = slot_add(8);

        assert_ptr_not_equal(other, entry);
        entry_unlock(other);
        slot_drop(8);
    }
}

static void an_entry_that_is_looked_at_is_not_used_again(void **state)
{
    struct entry *entry = slot_add(7);

    (void)state;
    slot_drop(7); /* still locked */
    for (int i = 0; i < 1000; i++) {
        struct entry *other = slot_add(8);

        assert_ptr_not_equal(other, entry);
        entry_unlock(other);
        slot_drop(8);
    }
    entry_unlock(entry);
}

static void duplicates_share_an_entry(void **state)
{
    struct entry *entry = slot_add(7);

    (void)state;
    entry_unlock(entry);
    slot_share(9, entry);
    assert_ptr_equal(slot_find(9), entry);
    assert_int_equal(atomic_load(&entry->slots), 2);
    slot_drop(7);
    assert_true(atomic_load(&entry->taken));
    assert_int_equal(slot_of_entry(entry), 9);
    slot_drop_all(entry);
    assert_false(atomic_load(&entry->taken));
    assert_int_equal(slot_of_entry(entry), -1);
}

static int in_child(int (*run)(struct entry *entry), struct entry *entry)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0)
        _exit(run(entry));
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int use_inherited(struct entry *entry)
{
    struct entry *own;

    if (slot_find(7) != entry || !entry_is_inherited(entry))
        return 1;
    own = slot_add(8);
    if (!own || entry_is_inherited(own) || entry_chunk(own) == entry_chunk(entry))
        return 2;
    if (atomic_load(&own->number) == atomic_load(&entry->number))
        return 3;
    atomic_store(&entry->state, ENTRY_OPEN);
    slot_drop(7);
    return slot_find(7) ? 4 : 0;
}

/* The child's slot is the child's; the entry, and that it has ended, is both's. */
static void a_forked_child_shares_entries_and_not_slots(void **state)
{
    struct entry *entry = slot_add(7);

    (void)state;
    entry_unlock(entry);
    assert_int_equal(in_child(use_inherited, entry), 0);
    assert_ptr_equal(slot_find(7), entry);
    assert_int_equal(atomic_load(&entry->slots), 1);
    assert_int_equal(atomic_load(&entry->state), ENTRY_OPEN);
    assert_false(entry_is_inherited(entry));
    slot_drop(7);
}

static int beget(struct entry *generations)
{
    uintptr_t left = (uintptr_t)generations;
    struct entry *entry = slot_add(8);

    if (!entry)
        return 1;
    entry_unlock(entry);
    slot_drop(8);
    return left == 0 ? 0 : in_child(beget, (struct entry *)(left - 1));
}

static void generations_of_forks_use_nothing_up(void **state)
{
    (void)state;
    assert_int_equal(in_child(beget, (struct entry *)(uintptr_t)(ENTRY_CHUNKS + 20)), 0);
}

int main(void)
{
    ROWS(descriptors, a_map_has_items_for_descriptors);
    STORY(a_map_finds_its_pages);
    STORY(a_number_is_never_used_twice);
    STORY(an_entry_rests_before_it_is_used_again);
    STORY(an_entry_that_is_looked_at_is_not_used_again);
    STORY(duplicates_share_an_entry);
    STORY(a_forked_child_shares_entries_and_not_slots);
    STORY(generations_of_forks_use_nothing_up);
    return rows_run("slot");
}
