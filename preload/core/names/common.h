/* Names that a process and those forked from it have in common where no file can be written: a table in memory that fork(2)
 * shares. */
#ifndef PTUNNEL_COMMON_H
#define PTUNNEL_COMMON_H

#include <ptunnel/slots.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* EMPTY --taken--> WRITING --> READY. A process that ends in WRITING leaves a place that nobody uses. */
struct common {
    _Atomic uint32_t state;
    char name[SLOT_NAME_SIZE];
};

struct common *common_map(uint32_t count); /* NULL: no memory */
void common_unmap(struct common *table, uint32_t count);

/* Whether the place is this name's: it was, or was nobody's. */
bool common_take(struct common *place, const char *name);

/* The name of a place, or NULL; it stays. */
const char *common_name(const struct common *place);

#endif
