/* The stand-in map's file, damaged: what does not match is an empty slot, and nothing that it holds is trusted. */
#include "names_map.h"

#include <time.h>

static void every_damaged_byte_empties_one_slot(void **state)
{
    uint32_t example = stand_in(new_map(), "example.org"), another = stand_in(new_map(), "another.example");
    struct endpoint gone;
    char byte, flipped;
    int fd = open(file, O_RDONLY);

    (void)state;
    for (int i = 0; i < SLOT_SIZE; i++) {
        off_t place = slot_at(example) + i;

        assert_int_equal(pread(fd, &byte, 1, place), 1);
        flipped = (char)(byte ^ 0x41);
        write_at(place, &flipped, 1);
        gone = at(new_map(), example, AF_INET);
        if (i >= USED_AT && i < USED_AT + 8)
            assert_int_equal(names_of_stand_in(new_map(), &gone), 0);
        else
            assert_int_equal(names_of_stand_in(new_map(), &gone), -ENOENT);
        assert_means(new_map(), another, "another.example");
        assert_int_equal(stand_in(new_map(), "example.org"), example);
    }
    close(fd);
}

/* Zeros behind the name may be lost: they are what a short read is filled with. */
static void a_file_cut_within_a_slot_has_it_empty(void **state)
{
    uint32_t example = stand_in(new_map(), "example.org");
    off_t start = slot_at(example), whole = start + NAME_AT + (off_t)strlen("example.org");

    (void)state;
    for (off_t size = start + SLOT_SIZE; size >= start; size--) {
        struct names *map = new_map();
        struct endpoint endpoint = at(map, example, AF_INET);

        assert_int_equal(truncate(file, size), 0);
        assert_int_equal(names_of_stand_in(map, &endpoint), size >= whole ? 0 : -ENOENT);
    }
    assert_int_equal(truncate(file, 0), 0);
    assert_int_equal(stand_in(new_map(), "example.org"), example);
}

/* Written with the right checksum, as an attacker who can write the file would. */
static void what_is_no_host_name_is_not_believed(void **state)
{
    static const char *const rows[] = { "a b", "a\r\nHost: b", "10.0.0.1", "::1", "a..b", ".", "a.", "" };
    struct slots slots = { .net = &net, .fcntl = fcntl, .runtime_directory = directory, .count = SHARED };
    char name[SLOT_NAME_SIZE], bytes[256];
    struct text wrong = text_in(bytes, sizeof bytes);
    uint32_t number;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(slots_claim(&slots, rows[i], &number, &wrong), 0);
        assert_int_equal(slots_read(&slots, number, name, &wrong), -ENOENT);
    }
}

static void random_files_mean_nothing(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    char page[SLOT_SIZE * 64];

    (void)state;
    print_message("random_files_mean_nothing: seed %u\n", seed);
    srandom(seed);
    assert_int_not_equal(stand_in(new_map(), "example.org") / 64, 0);
    for (int round = 0; round < 200; round++) {
        struct names *map = new_map();

        for (size_t i = 0; i < sizeof page; i++)
            page[i] = (char)random();
        write_at(slot_at(0), page, sizeof page);
        for (uint32_t offset = 0; offset < 64; offset++) {
            struct endpoint endpoint = at(map, offset, AF_INET);

            assert_int_equal(names_of_stand_in(map, &endpoint), -ENOENT);
        }
    }
}

/* Of many names in a file with as many changed bytes each means itself or nothing. */
static void no_damage_gives_a_name_another_meaning(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    struct names *map = new_map();
    uint32_t offsets[500], gone = 0;
    char name[32];

    (void)state;
    print_message("no_damage_gives_a_name_another_meaning: seed %u\n", seed);
    srandom(seed);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "n%d.example", i);
        offsets[i] = stand_in(map, name);
    }
    for (int i = 0; i < 500; i++) {
        char byte = (char)random();

        write_at(slot_at(offsets[i]) + random() % (SLOT_SIZE * 2), &byte, 1);
    }
    map = new_map();
    for (int i = 0; i < 500; i++) {
        struct endpoint endpoint = at(map, offsets[i], AF_INET);

        snprintf(name, sizeof name, "n%d.example", i);
        if (names_of_stand_in(map, &endpoint) == 0)
            assert_string_equal(endpoint.host, name);
        else
            gone++;
    }
    assert_true(gone > 0 && gone < 500);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_damaged_byte_empties_one_slot),
        TEST(a_file_cut_within_a_slot_has_it_empty),
        TEST(what_is_no_host_name_is_not_believed),
        TEST(random_files_mean_nothing),
        TEST(no_damage_gives_a_name_another_meaning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
