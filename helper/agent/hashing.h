/* MD5 and SHA-256, by whatever library this machine has: no hash is written here. */
#ifndef PTUNNEL_HASHING_H
#define PTUNNEL_HASHING_H

#include <stdbool.h>
#include <stddef.h>

enum hash { HASH_MD5, HASH_SHA256 };
enum { HASH_HEX_SIZE = 64 + 1 };

/* Loads libcrypto.so.3 or, where that is not, libmd.so.0, with the first call. NULL, or what is wrong. */
const char *hashing_load(void);

/* In hexadecimal. False: the library refuses (MD5 in FIPS mode). */
bool hashing_hex(enum hash hash, const char *bytes, size_t size, char out[HASH_HEX_SIZE]);

#endif
