/* Definitions found in the tables of what is loaded: of libc, which the program stands in front of with functions
 * of its own, and of tables made by hand. */
#include "support/rows.h"

#include <ptunnel/loaded.h>

#include <dlfcn.h>
#include <errno.h>
#include <gnu/lib-names.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* In front of libc's, as a preloaded library's would be. */
int poll(struct pollfd *fds, nfds_t count, int milliseconds)
{
    (void)fds;
    (void)milliseconds;
    return (int)count;
}

static struct loaded libc(void)
{
    struct loaded object;

    assert_true(loaded_libc(&object));
    return object;
}

/* What libc's own handle says, with no look at what is in front of it. */
static void *by_handle(const char *name)
{
    void *handle = dlopen(LIBC_SO, RTLD_LAZY | RTLD_NOLOAD), *found;

    assert_non_null(handle);
    found = dlsym(handle, name);
    dlclose(handle);
    return found;
}

static const struct {
    const char *name;
    bool there;
} rows[] = {
    { "connect", true },
    { "poll", true },
    { "read", true },
    { "getaddrinfo", true },
    { "clock_gettime", true },
    { "posix_spawn", true },
    { "epoll_pwait", true },
    { "__poll_chk", true },
    { "connec", false },
    { "connect2", false },
    { "loaded_symbol", false },
    { "", false },
};

static void libc_defines_it(void **state)
{
    const typeof(*rows) *row = *state;
    struct loaded object = libc();
    void *found = loaded_symbol(&object, row->name);

    assert_int_equal(found != NULL, row->there);
    assert_ptr_equal(found, by_handle(row->name));
    assert_ptr_equal(loaded_libc_symbol(row->name), found);
    assert_int_equal(found && loaded_defines(&object, row->name, found), row->there);
}

static void what_stands_in_front_is_another(void **state)
{
    struct loaded library, object = libc();

    (void)state;
    assert_ptr_not_equal(loaded_symbol(&object, "poll"), poll);
    assert_false(loaded_defines(&object, "poll", (const void *)poll));
    assert_true(loaded_at(&library, (const void *)_assert_true));
    assert_ptr_equal(loaded_symbol(&library, "_assert_true"), _assert_true);
    assert_null(loaded_symbol(&library, "abort")); /* wanted, not defined */
    assert_false(loaded_is_of_libc(&library));
}

static void the_default_of_several_versions(void **state)
{
    struct loaded object = libc();
    void *now = loaded_symbol(&object, "posix_spawn");
    void *old = dlvsym(RTLD_DEFAULT, "posix_spawn", "GLIBC_2.2.5");

    (void)state;
    if (!old)
        old = dlvsym(RTLD_DEFAULT, "posix_spawn", "GLIBC_2.2");
    if (!old || old == now) /* libcs begun later have one alone */
        skip();
    assert_ptr_equal(now, dlsym(RTLD_DEFAULT, "posix_spawn"));
    assert_true(loaded_defines(&object, "posix_spawn", old));
    assert_true(loaded_defines(&object, "posix_spawn", now));
    assert_false(loaded_defines(&object, "posix_spawnp", now));
}

static void the_object_that_has_an_address(void **state)
{
    struct loaded object, wanted = libc();
    int here = 0;

    (void)state;
    errno = EXDEV;
    assert_true(loaded_at(&object, by_handle("connect")));
    assert_int_equal(object.base, wanted.base);
    assert_true(loaded_is_of_libc(&object));
    assert_string_equal(object.own_name, LIBC_SO);
    assert_true(loaded_at(&object, (const void *)_assert_true));
    assert_false(loaded_at(&object, &here)); /* the stack's */
    assert_false(loaded_at(&object, NULL));
    assert_int_equal(errno, EXDEV);
}

/* An object with DT_HASH, one bucket, and these symbols. */
static const char strings[] = "\0open\0wanted\0split\0word";
enum { OPEN = 1, WANTED = 6, SPLIT = 13, WORD = 19 };
#define FUNCTION(type) ELF64_ST_INFO(STB_GLOBAL, type)
static const ElfW(Sym) symbols[] = {
    { 0 },
    { .st_name = OPEN, .st_info = FUNCTION(STT_FUNC), .st_shndx = 1, .st_value = 0x10 },
    { .st_name = WANTED, .st_info = FUNCTION(STT_FUNC), .st_shndx = SHN_UNDEF, .st_value = 0x20 },
    { .st_name = SPLIT, .st_info = FUNCTION(STT_FUNC), .st_shndx = 1, .st_value = 0x30 },
    { .st_name = SPLIT, .st_info = FUNCTION(STT_FUNC), .st_shndx = 1, .st_value = 0x40 },
    { .st_name = WORD, .st_info = FUNCTION(STT_OBJECT), .st_shndx = 1, .st_value = 0x50 },
};
static const uint32_t table[] = { 1, COUNT(symbols), 1, 0, 2, 3, 4, 5, 0 }; /* counts, the bucket, the chain */
static const ElfW(Half) versions[] = { 0, 1, 1, 0x8002, 3, 1 };

static const struct {
    const char *name, *symbol;
    uintptr_t value; /* 0: none */
} by_hand[] = {
    { "defined", "open", 0x10 },
    { "wanted from elsewhere", "wanted", 0 },
    { "of two versions, the one that is not hidden", "split", 0x40 },
    { "no function", "word", 0 },
    { "not there", "close", 0 },
};

static struct loaded made_by_hand(bool versioned)
{
    return (struct loaded){ .base = 0x1000, .symbols = symbols, .strings = strings, .own_name = "", .hash = table,
                            .versions = versioned ? versions : NULL };
}

static void tables_without_a_gnu_hash(void **state)
{
    const typeof(*by_hand) *row = *state;
    struct loaded object = made_by_hand(true);
    uintptr_t found = (uintptr_t)loaded_symbol(&object, row->symbol);

    assert_int_equal(found, row->value ? 0x1000 + row->value : 0);
}

static void every_version_is_a_definition(void **state)
{
    struct loaded with = made_by_hand(true), without = made_by_hand(false);

    (void)state;
    assert_true(loaded_defines(&with, "split", (const void *)0x1030));
    assert_true(loaded_defines(&with, "split", (const void *)0x1040));
    assert_false(loaded_defines(&with, "split", (const void *)0x1010));
    assert_int_equal((uintptr_t)loaded_symbol(&without, "split"), 0x1030);
}

static void those_that_were_split_from_libc(void **state)
{
    struct loaded object = made_by_hand(true);

    (void)state;
    assert_false(loaded_is_of_libc(&object));
    object.own_name = "libpthread.so.0";
    assert_true(loaded_is_of_libc(&object));
    object.own_name = "libpthreads.so.0";
    assert_false(loaded_is_of_libc(&object));
}

int main(void)
{
    ROWS(rows, libc_defines_it);
    STORY(what_stands_in_front_is_another);
    STORY(the_default_of_several_versions);
    STORY(the_object_that_has_an_address);
    ROWS(by_hand, tables_without_a_gnu_hash);
    STORY(every_version_is_a_definition);
    STORY(those_that_were_split_from_libc);
    return rows_run("loaded");
}
