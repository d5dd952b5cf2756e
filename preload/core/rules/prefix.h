/* Address prefixes as the prefix trees compare them: two numbers, masked. */
#ifndef PTUNNEL_PREFIX_H
#define PTUNNEL_PREFIX_H

#include <ptunnel/endpoint.h>

#include <stddef.h>
#include <stdint.h>

/* The bits of an address, the first one highest in `high`; of an IPv4 address the upper 32 of `high`
 * only. */
struct prefix_key {
    uint64_t high, low;
};

/* The first `bits` bits of the key, 0 to 128, and zeros behind them. Inline: each decision asks several
 * times. */
static inline struct prefix_key prefix_mask(struct prefix_key key, unsigned bits)
{
    if (bits <= 64)
        key.low = 0;
    else if (bits < 128)
        key.low &= UINT64_MAX << (128 - bits);
    if (bits == 0)
        key.high = 0;
    else if (bits < 64)
        key.high &= UINT64_MAX << (64 - bits);
    return key;
}

/* From a key to its first bytes and back, in network order; size is 4 or 16. */
void prefix_bytes(struct prefix_key key, uint8_t *out, size_t size);
struct prefix_key prefix_of_bytes(const uint8_t *bytes, size_t size);

/* Of a literal, in the tree of its family. */
struct prefix_key prefix_of_address(const struct endpoint *literal);

#endif
