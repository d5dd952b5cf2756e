/* Who the user is outside of a user namespace, and the key. What /proc says is the test's. */
#include "../../preload/core/names/user.c"
#include "support/rows.h"

#include <stdio.h>

static const char *says;

static ssize_t read_said(int fd, void *buffer, size_t size)
{
    size_t all = strlen(says), some = all < size ? all : size;

    (void)fd;
    memcpy(buffer, says, some);
    return (ssize_t)some;
}

static const struct net net = { .read = read_said, .close = close };

/* %1$u is this user, %2$u the one behind. */
static const struct {
    const char *name, *map;
    long outside; /* -1: as inside */
} maps[] = {
    { "none", "", -1 },
    { "all, as they are", "         0          0 4294967295\n", -1 },
    { "one", "%1$u 1000 1\n", 1000 },
    { "another one", "%2$u 1000 1\n", -1 },
    { "the second line", "%2$u 7 1\n%1$u       100000      65536\n", 100000 },
    { "none of them", "%2$u 100000 65536\n", -1 },
    { "one of many", "0 200000 4000000\n", -2 },
    { "no numbers", "root everybody\n", -1 },
    { "too large a number", "%1$u 99999999999 1\n", -1 },
    { "a line that is cut off", "%1$u 1000", -1 },
};

static void who_it_is_outside(void **state)
{
    const typeof(*maps) *row = *state;
    unsigned me = geteuid();
    char text[256];

    snprintf(text, sizeof text, row->map, me, me + 1);
    says = text;
    assert_int_equal(user_number(&net), row->outside == -1 ? me : row->outside == -2 ? 200000 + me : row->outside);
}

static void all_processes_have_the_same_key(void **state)
{
    struct hash_key key, other;

    (void)state;
    says = "01234567-89ab-cdef-0123-456789abcdef\n";
    key = user_key(&net);
    assert_true(key.words[0] == UINT64_C(0xfedcba9876543210));
    says = "01234567-89ab-cdef-0123-456789abcdee\n";
    other = user_key(&net);
    assert_true(other.words[0] == key.words[0] && other.words[1] != key.words[1]);
    says = "";
    other = user_key(&net);
    assert_true(other.words[0] == 0 && other.words[1] == geteuid());
}

int main(void)
{
    ROWS(maps, who_it_is_outside);
    STORY(all_processes_have_the_same_key);
    return rows_run("user");
}
