/* A record that any thread may read and write without a lock, and that is seen whole or not at all. `turn` is odd while it
 * is written. Nobody waits for long: a writer may have been left behind by fork(2), or be this very thread, which a signal
 * interrupted. */
#ifndef PTUNNEL_WHOLE_H
#define PTUNNEL_WHOLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a record of a type lies in; all zero at first. */
#define WHOLE(type)                                                                                          \
    {                                                                                                        \
        _Atomic uint32_t turn;                                                                               \
        _Atomic uint64_t words[(sizeof(type) + sizeof(uint64_t) - 1) / sizeof(uint64_t)];                    \
    }

/* False: it is being written all the time. `size` bytes, those of the type. */
bool whole_read(const _Atomic uint32_t *turn, const _Atomic uint64_t *words, void *out, size_t size);

/* One writer at a time, between these; *now is what stands there. A writer that does not come to an end is overtaken. */
void whole_begin(_Atomic uint32_t *turn, const _Atomic uint64_t *words, void *now, size_t size);
void whole_end(_Atomic uint32_t *turn, _Atomic uint64_t *words, const void *now, size_t size);

#endif
