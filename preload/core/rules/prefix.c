#include "prefix.h"

#include <arpa/inet.h>
#include <string.h>

void prefix_bytes(struct prefix_key key, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)((i < 8 ? key.high : key.low) >> (56 - 8 * (i % 8)));
}

struct prefix_key prefix_of_bytes(const uint8_t *bytes, size_t size)
{
    struct prefix_key key = { 0 };

    for (size_t i = 0; i < size; i++)
        *(i < 8 ? &key.high : &key.low) |= (uint64_t)bytes[i] << (56 - 8 * (i % 8));
    return key;
}

static uint64_t eight_bytes(const uint8_t *bytes)
{
    uint32_t words[2];

    memcpy(words, bytes, sizeof words);
    return (uint64_t)ntohl(words[0]) << 32 | ntohl(words[1]);
}

struct prefix_key prefix_of_address(const struct endpoint *literal)
{
    const uint8_t *bytes = literal->address.s6_addr;

    if (endpoint_is_v4(literal))
        return (struct prefix_key){ .high = eight_bytes(bytes + 8) << 32 };
    return (struct prefix_key){ .high = eight_bytes(bytes), .low = eight_bytes(bytes + 8) };
}
