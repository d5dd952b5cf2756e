/* SPNEGO's wrapping of a Kerberos token, taken apart again: at every size each length says what follows. */
#include "support/rows.h"

#include "../../helper/agent/spnego.c"

#include <stdlib.h>

/* Takes a tag and the length of its content (X.690 8.1.3), which has to reach to the end. */
static const unsigned char *opened(const unsigned char *at, const unsigned char *end, unsigned char tag)
{
    size_t size, bytes = 0;

    assert_int_equal(*at++, tag);
    size = *at++;
    if (size > 127) {
        bytes = size - 128;
        assert_in_range(bytes, 1, 3);
        for (size = 0; bytes > 0; bytes--)
            size = size << 8 | *at++;
        assert_true(size > 127);
    }
    assert_int_equal(end - at, size);
    return at;
}

static void every_length_is_right(void **state)
{
    static const size_t sizes[] = { 0, 1, 76, 77, 78, 79, 80, 100, 127, 128, 129, 200, 213, 230, 255, 256, 700, 18000, 49152, 65493, 65500, 65536 };
    static unsigned char token[SPNEGO_FRONT + 65536];

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t front = spnego_wrap_kerberos(token, sizes[i]);
        const unsigned char *end = token + front + sizes[i], *at = opened(token, end, 0x60);

        assert_true(front <= SPNEGO_FRONT);
        assert_memory_equal(at, "\x06\x06\x2b\x06\x01\x05\x05\x02", 8);
        at = opened(opened(at + 8, end, 0xa0), end, 0x30);
        assert_memory_equal(at, "\xa0\x0d\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", 15);
        at = opened(opened(at + 15, end, 0xa2), end, 0x04);
        assert_int_equal(at - token, front);
    }
}

int main(void)
{
    STORY(every_length_is_right);
    return rows_run("spnego");
}
