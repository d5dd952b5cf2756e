/* The stand-in map's file in the format of another version of ptunnel: it is left alone for as long as it is in
 * use, and no address means two names. */
#include "names_map.h"

#include <time.h>

static const char other[HEADER_SIZE] = "ptunnel names 1\n";

enum { DAY = 24 * 3600 };

static void last_written(time_t when)
{
    const struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };

    assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
}

static void assert_begins_with(const char *wanted)
{
    char seen[HEADER_SIZE];
    int fd = open(file, O_RDONLY);

    assert_int_equal(pread(fd, seen, sizeof seen, 0), sizeof seen);
    assert_memory_equal(seen, wanted, sizeof seen);
    close(fd);
}

static off_t size_of_file(void)
{
    struct stat now;

    assert_int_equal(stat(file, &now), 0);
    return now.st_size;
}

/* The map is this process's: in its part of the range, and the file is as it was. */
static void assert_is_left_alone(uint32_t example)
{
    struct names *map = new_map();
    struct endpoint of_the_file = at(map, example, AF_INET);
    off_t size = size_of_file();
    uint32_t own;

    stand_in(new_map(), "quiet.example");
    assert_int_equal(access(log_file, F_OK), -1);
    log_open(&net, LOG_CONNECTION, log_file, false);
    own = stand_in(map, "own.example");

    assert_true(own >= SHARED);
    assert_means(map, own, "own.example");
    assert_int_equal(names_of_stand_in(map, &of_the_file), -ENOENT);
    assert_int_equal(size_of_file(), size);
    assert_logged("/ptunnel-names is in use by another version of ptunnel; names looked up meanwhile");
    log_open(&net, LOG_FAILURE, log_file, false);
    unlink(log_file);
}

static void a_file_of_another_format_is_left_alone(void **state)
{
    uint32_t example = stand_in(new_map(), "example.org");

    (void)state;
    write_at(0, other, sizeof other);
    assert_is_left_alone(example);
    assert_begins_with(other);
}

static void whoever_knew_a_name_goes_on_knowing_it(void **state)
{
    struct names *map = new_map();
    uint32_t example = stand_in(map, "example.org");

    (void)state;
    write_at(0, other, sizeof other);
    assert_means(map, example, "example.org");
    assert_int_equal(stand_in(map, "example.org"), example);
}

/* The first version had no header, but slots at once. */
static void each_byte_of_the_header_counts(void **state)
{
    uint32_t example = stand_in(new_map(), "example.org");
    int fd = open(file, O_RDONLY);
    char byte, flipped;

    (void)state;
    for (int i = 0; i < HEADER_SIZE; i++) {
        assert_int_equal(pread(fd, &byte, 1, i), 1);
        flipped = (char)(byte ^ 0x41);
        write_at(i, &flipped, 1);
        assert_is_left_alone(example);
        write_at(i, &byte, 1);
        assert_means(new_map(), example, "example.org");
    }
    close(fd);
}

static void after_a_day_without_use_the_file_is_taken_over(void **state)
{
    uint32_t example = stand_in(new_map(), "example.org");
    struct endpoint gone;

    (void)state;
    write_at(0, other, sizeof other);
    last_written(time(NULL) - DAY + 60);
    assert_is_left_alone(example);
    last_written(time(NULL) - DAY - 60);
    gone = at(new_map(), example, AF_INET);
    assert_int_equal(names_of_stand_in(new_map(), &gone), -ENOENT);
    assert_begins_with(other); /* to look is not to use */
    assert_true(stand_in(new_map(), "another.example") < SHARED);
    assert_begins_with("ptunnel names 2\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    assert_int_equal(names_of_stand_in(new_map(), &gone), -ENOENT);
    assert_int_equal(stand_in(new_map(), "example.org"), example);
}

static void a_time_far_ahead_is_no_use(void **state)
{
    stand_in(new_map(), "example.org");
    (void)state;
    write_at(0, other, sizeof other);
    last_written(time(NULL) + 2 * DAY);
    assert_true(stand_in(new_map(), "another.example") < SHARED);
}

/* Whoever was killed before the first slot left at most a part of a header. */
static void a_file_that_is_shorter_than_the_header_is_new(void **state)
{
    (void)state;
    for (off_t size = 0; size < HEADER_SIZE; size++) {
        struct names *map = new_map();
        struct endpoint nothing = at(map, 7, AF_INET);
        int fd = open(file, O_CREAT | O_TRUNC | O_WRONLY, 0600);

        assert_int_equal(write(fd, other, (size_t)size), size);
        close(fd);
        assert_int_equal(names_of_stand_in(map, &nothing), -ENOENT);
        assert_int_equal(size_of_file(), size);
        assert_true(stand_in(map, "example.org") < SHARED);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_of_another_format_is_left_alone),
        TEST(whoever_knew_a_name_goes_on_knowing_it),
        TEST(each_byte_of_the_header_counts),
        TEST(after_a_day_without_use_the_file_is_taken_over),
        TEST(a_time_far_ahead_is_no_use),
        TEST(a_file_that_is_shorter_than_the_header_is_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
