/* Hashes that are the same in all processes: they are part of the file that these share (see slots.h). */
#ifndef PTUNNEL_HASH_H
#define PTUNNEL_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a over 64 bits, and a last mixing so that all bits, the lowest too, depend on all bytes. */
uint64_t hash_bytes(const char *bytes, size_t size);

/* SipHash-2-4 (Aumasson and Bernstein, 2012): who does not know the key cannot choose bytes whose hashes are near to each
 * other. */
struct hash_key {
    uint64_t words[2];
};
uint64_t hash_keyed(const struct hash_key *key, const char *bytes, size_t size);

#endif
