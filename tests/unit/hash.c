/* The keyed hash is SipHash-2-4: the first vectors of its authors' reference implementation, whose key has the bytes 0 to 15
 * and whose input those before its size. */
#include "support/rows.h"

#include <ptunnel/hash.h>

static const struct hash_key key = { { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) } };

static const struct {
    const char *name;
    size_t size;
    uint64_t hash;
} vectors[] = {
    { "nothing", 0, UINT64_C(0x726fdb47dd0e0e31) },    { "one byte", 1, UINT64_C(0x74f839c593dc67fd) },
    { "seven bytes", 7, UINT64_C(0xab0200f58b01d137) }, { "eight bytes", 8, UINT64_C(0x93f5f5799a932462) },
    { "fifteen bytes", 15, UINT64_C(0xa129ca6149be45e5) },
};

static void the_authors_vectors(void **state)
{
    const typeof(*vectors) *row = *state;
    char bytes[16];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    assert_true(hash_keyed(&key, bytes, row->size) == row->hash);
}

static void another_key_has_other_hashes(void **state)
{
    (void)state;
    for (int bit = 0; bit < 128; bit++) {
        struct hash_key other = key;

        other.words[bit / 64] ^= UINT64_C(1) << bit % 64;
        assert_true(hash_keyed(&other, "example.org", 11) != hash_keyed(&key, "example.org", 11));
    }
}

int main(void)
{
    ROWS(vectors, the_authors_vectors);
    STORY(another_key_has_other_hashes);
    return rows_run("hash");
}
