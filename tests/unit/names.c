/* The stand-in map as one process sees it: what it answers, and what it does when its file cannot be used. */
#include "names_map.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <time.h>

static void addresses_are_those_of_the_ranges(void **state)
{
    struct names *map = new_map();
    static const struct {
        const char *text;
        bool in;
    } rows[] = {
        { "198.18.0.0", true },   { "198.19.255.255", true },       { "198.17.255.255", false },
        { "198.20.0.0", false },  { "fd70:7475:6e6e:656c::", true }, { "fd70:7475:6e6e:656c::1:ffff", true },
        { "127.0.0.1", false },   { "fd70:7475:6e6e:656c::2:0", false }, { "fd70:7475:6e6e:656d::1", false },
        { "::198.18.0.1", false }, { "::ffff:198.18.0.1", true },
    };
    struct endpoint endpoint, name = { .host = "198.18.0.1" };
    char text[ENDPOINT_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_null(endpoint_set_host(&endpoint, rows[i].text, strlen(rows[i].text)));
        assert_int_equal(names_ranges_have(&names_usual_ranges, &endpoint), rows[i].in);
    }
    assert_false(names_ranges_have(&names_usual_ranges, &name));
    endpoint = at(map, 0x10203, AF_INET);
    endpoint_print_host(&endpoint, text);
    assert_string_equal(text, "198.19.2.3");
    endpoint = at(map, 0x10203, AF_INET6);
    endpoint_print_host(&endpoint, text);
    assert_string_equal(text, "fd70:7475:6e6e:656c::1:203");
}

static void a_name_has_one_stand_in_in_every_process(void **state)
{
    struct names *first = new_map(), *second = new_map();
    uint32_t example = stand_in(first, "example.org");
    struct endpoint nobody = at(first, example == 7 ? 8 : 7, AF_INET);

    (void)state;
    assert_true(example < SHARED);
    assert_int_equal(stand_in(first, "example.org"), example);
    assert_int_equal(stand_in(second, "example.org"), example);
    assert_int_not_equal(stand_in(second, "EXAMPLE.org"), example);
    assert_means(first, example, "example.org");
    assert_means(new_map(), example, "example.org");
    assert_int_equal(names_of_stand_in(first, &nobody), -ENOENT);
    assert_true(nobody.literal);
}

static void the_longest_name_fits(void **state)
{
    char name[ENDPOINT_HOST_MAX + 1];

    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[63] = name[127] = name[191] = '.';
    name[ENDPOINT_HOST_MAX] = '\0';
    assert_means(new_map(), stand_in(new_map(), name), name);
}

static void errno_and_descriptors_are_left_alone(void **state)
{
    int before = open("/dev/null", O_RDONLY), after;
    struct names *map = new_map();

    (void)state;
    close(before);
    errno = 4711;
    assert_means(new_map(), stand_in(map, "example.org"), "example.org");
    assert_int_equal(errno, 4711);
    after = open("/dev/null", O_RDONLY);
    close(after);
    assert_int_equal(after, before);
}

/* The file cannot be used, for the reason that the log gives: the map is this process's own. */
static void assert_private(const char *reason)
{
    struct names *map = new_map(), *other = new_map();
    uint32_t example = stand_in(map, "example.org"), another = stand_in(map, "another.example.org");
    struct endpoint unknown = at(other, example, AF_INET);

    assert_true(example >= SHARED && another >= SHARED && example != another);
    assert_int_equal(stand_in(map, "example.org"), example);
    assert_means(map, example, "example.org");
    assert_means(map, another, "another.example.org");
    assert_int_equal(names_of_stand_in(other, &unknown), -ENOENT);
    assert_logged(reason);
    assert_logged(file);
}

static void a_symbolic_link_is_not_followed(void **state)
{
    (void)state;
    assert_int_equal(symlink(log_file, file), 0);
    assert_private("symbolic link");
}

static void a_second_link_is_refused(void **state)
{
    char other[96];

    (void)state;
    snprintf(other, sizeof other, "%s/other", directory);
    stand_in(new_map(), "example.org");
    assert_int_equal(link(file, other), 0);
    assert_private("second name");
}

static void a_file_open_to_others_is_refused(void **state)
{
    (void)state;
    stand_in(new_map(), "example.org");
    assert_int_equal(chmod(file, 0640), 0);
    assert_private("open to others");
}

static void a_fifo_is_refused_without_waiting(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(file, 0600), 0);
    assert_private("no regular file");
}

/* The file is a folder; each of the two looks up names after the fork. */
static void relatives_share_what_no_file_can_hold(void **state)
{
    struct names *map = new_map();
    uint32_t before, offsets[2] = { 0 }, after;
    int to_parent[2], status;
    pid_t child;

    (void)state;
    assert_int_equal(mkdir(file, 0700), 0);
    before = stand_in(map, "before.example.org");
    names_share(map);
    names_share(map); /* once is enough */
    assert_int_equal(pipe(to_parent), 0);
    child = fork();
    if (child == 0) {
        offsets[0] = stand_in(map, "child.example.org");
        offsets[1] = stand_in(map, "before.example.org");
        _exit(write(to_parent[1], offsets, sizeof offsets) == sizeof offsets ? 0 : 1);
    }
    assert_int_equal(read(to_parent[0], offsets, sizeof offsets), sizeof offsets);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_means(map, offsets[0], "child.example.org");
    assert_int_equal(offsets[1], before);
    assert_int_equal(stand_in(map, "child.example.org"), offsets[0]);
    after = stand_in(map, "parent.example.org");
    assert_true(after != offsets[0] && after != before);
    close(to_parent[0]);
    close(to_parent[1]);
}

static void a_directory_in_its_place_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir(file, 0700), 0);
    assert_private(": it is a directory");
}

static void somebody_elses_file_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    stand_in(new_map(), "example.org");
    assert_int_equal(chown(file, 65534, 65534), 0);
    assert_private("somebody else");
}

static void with_small_files(void)
{
    struct rlimit most = { 4096, 4096 };
    uint32_t offset;

    check(setrlimit(RLIMIT_FSIZE, &most) == 0);
    check(names_stand_in(new_map(), "example.org", &offset) == 0);
    check(offset >= SHARED);
}

static void a_limit_on_files_is_no_signal(void **state)
{
    (void)state;
    in_child(with_small_files);
    assert_logged(file);
}

static void with_no_descriptors(void)
{
    struct rlimit none = { 0, 0 };
    uint32_t offset;

    check(setrlimit(RLIMIT_NOFILE, &none) == 0);
    check(names_stand_in(new_map(), "example.org", &offset) == 0);
    check(offset >= SHARED);
}

static void no_free_descriptor_makes_a_private_map(void **state)
{
    (void)state;
    in_child(with_no_descriptors);
}

/* Names until the two pages are full; those that got in stay, the others are this process's own. */
static void on_a_full_disk(void)
{
    struct names *map = new_map();
    uint32_t offsets[64], shared = 0, own = 0;
    char name[32];

    for (int i = 0; i < 64; i++) {
        snprintf(name, sizeof name, "n%d.example.org", i);
        check(names_stand_in(map, name, &offsets[i]) == 0);
        offsets[i] < SHARED ? shared++ : own++;
    }
    check(shared >= 1 && own >= 1);
    for (int i = 0; i < 64; i++) {
        struct names *asked = offsets[i] < SHARED ? new_map() : map;
        struct endpoint endpoint = at(asked, offsets[i], AF_INET);

        snprintf(name, sizeof name, "n%d.example.org", i);
        check(names_of_stand_in(asked, &endpoint) == 0 && strcmp(endpoint.host, name) == 0);
    }
}

static void mount_and_fill(void)
{
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    check(mount("none", directory, "tmpfs", 0, "size=16k,mode=0700") == 0);
    log_open(&net, LOG_FAILURE, "/dev/null", false);
    on_a_full_disk();
}

static bool can_mount(void)
{
    int status = 1;
    pid_t child = fork();

    if (child == 0)
        _exit(unshare(CLONE_NEWNS) == 0 ? 0 : 1);
    waitpid(child, &status, 0);
    return status == 0;
}

static void unshare_mount_and_fill(void)
{
    check(unshare(CLONE_NEWNS) == 0);
    mount_and_fill();
}

/* Needs: a mount namespace. */
static void a_full_disk_is_no_signal_and_loses_nothing(void **state)
{
    (void)state;
    if (!can_mount())
        skip();
    in_child(unshare_mount_and_fill);
}

static void entries_of(uint32_t count, struct names *map, uint32_t *offsets)
{
    char name[32];

    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        offsets[i] = stand_in(map, name);
        assert_true(offsets[i] < count);
    }
}

/* 256 addresses: 192 are the file's. */
static void a_full_map_says_so_until_a_name_has_not_been_used_for_a_day(void **state)
{
    struct names_ranges ranges = names_usual_ranges;
    struct names *map;
    uint32_t offsets[192], late;
    int64_t now = time(NULL);

    (void)state;
    ranges.v4_bits = 24;
    map = names_open(&net, fcntl, directory, &ranges);
    entries_of(192, map, offsets);
    assert_int_equal(names_stand_in(map, "late.example", &late), -EAGAIN);
    assert_logged("'stand-ins'");
    set_use(offsets[7], now - 25 * 3600);
    set_use(offsets[9], now - 26 * 3600);
    set_use(offsets[11], now - 23 * 3600);
    assert_int_equal(names_stand_in(map, "late.example", &late), 0);
    assert_int_equal(late, offsets[9]);
    assert_means(names_open(&net, fcntl, directory, &ranges), late, "late.example");
    assert_means(names_open(&net, fcntl, directory, &ranges), offsets[11], "n11.example");
}

static void use_renews_what_is_an_hour_old(void **state)
{
    int64_t now = time(NULL), ages[] = { now - 3000, now - 4000, now - 30 * 3600, now + 4000, INT64_MAX, INT64_MIN };
    uint32_t example = stand_in(new_map(), "example.org");

    (void)state;
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        set_use(example, ages[i]);
        assert_int_equal(stand_in(new_map(), "example.org"), example);
        assert_true(i == 0 ? use_of(example) == ages[0] : use_of(example) - now < 60 && use_of(example) >= now);
        set_use(example, ages[i]);
        assert_means(new_map(), example, "example.org");
        assert_true(i == 0 ? use_of(example) == ages[0] : use_of(example) - now < 60 && use_of(example) >= now);
    }
}

static void an_answer_is_turned_back_into_its_name(void **state)
{
    struct names *map = new_map();
    struct endpoint v4, v6, got;

    (void)state;
    assert_null(endpoint_parse(&v4, "192.0.2.1:443", 13, 0));
    assert_null(endpoint_parse(&v6, "[2001:db8::1]:443", 17, 0));
    names_remember(map, &v4, "example.org");
    names_remember(map, &v6, "example.org");
    names_remember(map, &v4, "www.example.org");
    got = v4;
    assert_true(names_of_answer(map, &got));
    assert_string_equal(got.host, "www.example.org");
    assert_int_equal(got.port, 443);
    got = v6;
    assert_true(names_of_answer(map, &got));
    assert_string_equal(got.host, "example.org");
    assert_false(names_of_answer(map, &got));
    v4.address.s6_addr[15]++;
    assert_false(names_of_answer(map, &v4));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(addresses_are_those_of_the_ranges),
        TEST(a_name_has_one_stand_in_in_every_process),
        TEST(the_longest_name_fits),
        TEST(errno_and_descriptors_are_left_alone),
        TEST(a_symbolic_link_is_not_followed),
        TEST(a_second_link_is_refused),
        TEST(a_file_open_to_others_is_refused),
        TEST(a_fifo_is_refused_without_waiting),
        TEST(a_directory_in_its_place_is_refused),
        TEST(relatives_share_what_no_file_can_hold),
        TEST(somebody_elses_file_is_refused),
        TEST(a_limit_on_files_is_no_signal),
        TEST(no_free_descriptor_makes_a_private_map),
        TEST(a_full_disk_is_no_signal_and_loses_nothing),
        TEST(a_full_map_says_so_until_a_name_has_not_been_used_for_a_day),
        TEST(use_renews_what_is_an_hour_old),
        TEST(an_answer_is_turned_back_into_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
