/* What open tunnels lead to, written down for other processes: the file, as it is and damaged. */
#include "support/folder.h"
#include "support/rows.h"

#include "../../preload/process/guest.h"
#include "../../preload/sockets/handed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { HEADER_SIZE = 32, SLOT = 64 };

static struct peer peer_to(uint8_t last)
{
    struct peer peer = { .target.port = 443, .proxy.port = 3128 };

    peer.target.ip.s6_addr[10] = peer.target.ip.s6_addr[11] = 0xff;
    peer.target.ip.s6_addr[15] = last;
    peer.proxy.ip = peer.target.ip;
    peer.proxy.ip.s6_addr[12] = 127;
    return peer;
}

static bool put(uint64_t cookie, uint8_t last)
{
    struct peer peer = peer_to(last);
    struct private_file file;

    if (!handed_begin(&file))
        return false;
    handed_put(&file, cookie, &peer);
    handed_end(&file);
    return true;
}

static int found(uint64_t cookie)
{
    struct peer peer = { 0 };

    if (!handed_find(cookie, &peer))
        return -1;
    assert_int_equal(peer.target.port, 443);
    assert_int_equal(peer.proxy.port, 3128);
    assert_int_equal(peer.cookie, cookie);
    return peer.target.ip.s6_addr[15];
}

static const char *path(void)
{
    return folder_path("ptunnel-peers");
}

static void nothing_is_made_by_a_question(void **state)
{
    (void)state;
    unlink(path());
    assert_false(handed_any());
    assert_int_equal(found(1), -1);
    assert_int_equal(access(path(), F_OK), -1);
}

static void what_was_put_is_found(void **state)
{
    struct stat now;

    (void)state;
    unlink(path());
    assert_true(put(1, 10));
    assert_true(put(2, 20));
    assert_true(handed_any());
    assert_int_equal(found(1), 10);
    assert_int_equal(found(2), 20);
    assert_int_equal(found(3), -1);
    assert_true(put(1, 11));
    assert_int_equal(found(1), 11);
    assert_int_equal(stat(path(), &now), 0);
    assert_int_equal(now.st_mode & 0777, 0600);
}

/* It may be full: the latest are there. */
static void the_oldest_make_room(void **state)
{
    struct stat now;

    (void)state;
    unlink(path());
    for (unsigned cookie = 1; cookie <= 40000; cookie++)
        assert_true(put(cookie, (uint8_t)cookie));
    assert_int_equal(found(40000), (uint8_t)40000);
    assert_int_equal(stat(path(), &now), 0);
    assert_true(now.st_size <= HEADER_SIZE + 5000 * SLOT);
}

/* Where one has written. */
static off_t first_slot(int fd)
{
    char slot[SLOT], none[SLOT] = { 0 };

    for (off_t at = HEADER_SIZE; pread(fd, slot, sizeof slot, at) == sizeof slot; at += SLOT)
        if (memcmp(slot, none, sizeof slot) != 0)
            return at;
    return -1;
}

static void what_is_damaged_is_not_believed(void **state)
{
    (void)state;
    for (int byte = 0; byte < SLOT; byte++) {
        char value;
        off_t at;
        int fd;

        unlink(path());
        assert_true(put(7, 10));
        fd = open(path(), O_RDWR | O_CLOEXEC);
        at = first_slot(fd);
        assert_true(at > 0 && pread(fd, &value, 1, at + byte) == 1);
        value ^= 1;
        assert_int_equal(pwrite(fd, &value, 1, at + byte), 1);
        assert_int_equal(found(7), -1);
        assert_true(put(7, 12));
        assert_int_equal(found(7), 12);
        assert_int_equal(ftruncate(fd, at + byte), 0);
        assert_int_equal(found(7), -1);
        close(fd);
    }
}

static void another_version_keeps_its_file_for_a_day(void **state)
{
    struct timeval now, times[2];

    (void)state;
    unlink(path());
    folder_file("ptunnel-peers", "ptunnel peers 2\nsomething", 25, 0600);
    assert_false(handed_any());
    assert_false(put(1, 10));
    assert_int_equal(found(1), -1);
    gettimeofday(&now, NULL);
    times[0] = times[1] = (struct timeval){ now.tv_sec - 24 * 3600 - 60, 0 };
    assert_int_equal(utimes(path(), times), 0);
    assert_true(put(1, 10));
    assert_int_equal(found(1), 10);
}

static void a_file_that_others_can_read_is_not_used(void **state)
{
    (void)state;
    unlink(path());
    assert_true(put(1, 10));
    assert_int_equal(chmod(path(), 0644), 0);
    assert_int_equal(found(1), -1);
    assert_false(put(1, 11));
}

/* SIGXFSZ would end the program. */
static void a_limit_of_file_sizes_is_kept(void **state)
{
    struct rlimit before, little = { 8, 8 };

    (void)state;
    unlink(path());
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    assert_false(put(1, 10));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(put(1, 10));
}

int main(void)
{
    int result;

    if (!folder_make() || chmod(folder, 0700) < 0)
        return 1;
    setenv("XDG_RUNTIME_DIR", folder, 1);
    guest_may_act();
    STORY(nothing_is_made_by_a_question);
    STORY(what_was_put_is_found);
    STORY(the_oldest_make_room);
    STORY(what_is_damaged_is_not_believed);
    STORY(another_version_keeps_its_file_for_a_day);
    STORY(a_file_that_others_can_read_is_not_used);
    STORY(a_limit_of_file_sizes_is_kept);
    result = rows_run("handed");
    folder_remove();
    return result;
}
