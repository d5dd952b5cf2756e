/* For the tests of the stand-in map: a directory of their own, maps in it, and the assertions about them. */
#ifndef TESTS_NAMES_MAP_H
#define TESTS_NAMES_MAP_H

#include <ptunnel/log.h>
#include <ptunnel/names.h>
#include <ptunnel/slots.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHARED = 98304, HEADER_SIZE = 32, SLOT_SIZE = 272, USED_AT = 8, NAME_AT = 17 };

static const struct net net = { .poll = poll, .read = read, .write = write, .close = close };
static char directory[64], file[96], log_file[96];

static inline int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/ptunnel-unit-XXXXXX");
    assert_non_null(mkdtemp(directory));
    snprintf(file, sizeof file, "%s/ptunnel-names", directory);
    snprintf(log_file, sizeof log_file, "%s/log", directory);
    log_open(&net, LOG_FAILURE, log_file, false);
    return 0;
}

static inline int remove_directory(void **state)
{
    char other[96];

    (void)state;
    snprintf(other, sizeof other, "%s/other", directory);
    unlink(file);
    rmdir(file);
    unlink(other);
    unlink(log_file);
    return rmdir(directory);
}

/* As another process would have it. */
static inline struct names *new_map(void)
{
    struct names *map = names_open(&net, fcntl, directory, &names_usual_ranges);

    assert_non_null(map);
    return map;
}

static inline uint32_t stand_in(struct names *map, const char *name)
{
    uint32_t offset = UINT32_MAX;

    assert_int_equal(names_stand_in(map, name, &offset), 0);
    return offset;
}

static inline struct endpoint at(const struct names *map, uint32_t offset, int family)
{
    return (struct endpoint){ .literal = true, .port = 443, .address = names_address(map, offset, family) };
}

static inline void assert_means(struct names *map, uint32_t offset, const char *name)
{
    struct endpoint v4 = at(map, offset, AF_INET), v6 = at(map, offset, AF_INET6);

    assert_int_equal(names_of_stand_in(map, &v4), 0);
    assert_int_equal(names_of_stand_in(map, &v6), 0);
    assert_string_equal(v4.host, name);
    assert_string_equal(v6.host, name);
    assert_false(v4.literal);
    assert_int_equal(v4.port, 443);
}

static inline void assert_logged(const char *part)
{
    char text[4096] = "";
    int fd = open(log_file, O_RDONLY);
    ssize_t size = read(fd, text, sizeof text - 1);

    close(fd);
    assert_true(size > 0);
    assert_non_null(strstr(text, part));
}

/* What a child found out; its exit status says whether all its assertions held. */
static inline void in_child(void (*work)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        work();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static inline void check(bool holds)
{
    if (!holds)
        _exit(1);
}

/* Where the slot of this number is in the file. */
static inline off_t slot_at(uint32_t number)
{
    return HEADER_SIZE + (off_t)number * SLOT_SIZE;
}

static inline void write_at(off_t place, const void *bytes, size_t size)
{
    int fd = open(file, O_WRONLY);

    assert_int_equal(pwrite(fd, bytes, size, place), size);
    close(fd);
}

static inline int64_t use_of(uint32_t offset)
{
    int64_t used = 0;
    int fd = open(file, O_RDONLY);

    assert_int_equal(pread(fd, &used, sizeof used, slot_at(offset) + USED_AT), sizeof used);
    close(fd);
    return used;
}

static inline void set_use(uint32_t offset, int64_t used)
{
    write_at(slot_at(offset) + USED_AT, &used, sizeof used);
}

#endif
