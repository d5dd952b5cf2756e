/* A hash that is the same in all processes: it is part of the file that they share (see slots.h). */
#ifndef PTUNNEL_HASH_H
#define PTUNNEL_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a over 64 bits, and a last mixing so that all bits, the lowest too, depend on all bytes. */
uint64_t hash_bytes(const char *bytes, size_t size);

#endif
